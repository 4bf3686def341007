"""Write the files that an optiplug of its time saves: ``PYTHONPATH=tests python -m compatibility.write``.

What is in `files` was written by the last commit before the core was put into packages. Run it
again only to add a later generation of files beside them: those there are what users have.
"""

from __future__ import annotations

import json
import shutil
from typing import Any

import keras
import numpy as np
import tf_keras

from compatibility.trained import CASES, FILES, FIRST, LAST, Trained, batch, keras_model, stored
from optiplug import registry
from optiplug.document import read
from optiplug.registry import KINDS
from support.project_paths import ROOT

KERAS_FILES = (
    (keras, "keras-3.keras"),
    (keras, "keras-3.weights.h5"),
    (tf_keras, "tf_keras.keras"),
    (tf_keras, "tf_keras.h5"),
)


def write() -> None:
    """Write all files."""
    FILES.mkdir(exist_ok=True)
    for case in CASES:
        _write_checkpoint(case)
    for flavour, name in KERAS_FILES:
        _write_keras(flavour, name)
    _write_configs()


def _save(name: str, before: dict[str, Any], after: dict[str, Any]) -> None:
    parts = {"before": before, "after": after}
    arrays = {f"{when}|{key}": value for when, part in parts.items() for key, value in part.items()}
    np.savez_compressed(FILES / f"{name}.npz", **arrays)


def _write_checkpoint(case: str) -> None:
    trained = Trained(case).run(0, FIRST)
    trained.checkpoint.write(str(FILES / case))
    _save(case, trained.values(), trained.run(FIRST, LAST).values())
    (FILES / f"{case}.json").write_text(json.dumps(trained.optimizer.get_config(), indent=1) + "\n")


def _write_keras(flavour: Any, name: str) -> None:
    flavour.backend.clear_session()
    model = keras_model(flavour)
    model.fit(*batch(), batch_size=8, epochs=FIRST, verbose=0, shuffle=False)
    save = model.save_weights if name.endswith(".weights.h5") else model.save
    save(FILES / name)
    before = _keras_values(model)
    model.fit(*batch(), batch_size=8, epochs=LAST - FIRST, verbose=0, shuffle=False)
    _save(name, before, _keras_values(model))


def _keras_values(model: Any) -> dict[str, Any]:
    weights = {f"weight {key}": value for key, value in enumerate(model.get_weights())}
    return weights | stored(model.optimizer)


def _write_configs() -> None:
    configs = {
        kind: {
            entry.name: (config := registry.load(entry))(**config.example).dump()
            for entry in registry.entries(kind)
        }
        for kind in KINDS
    }
    (FILES / "configs.json").write_text(json.dumps(configs, indent=1) + "\n")
    shutil.copy(ROOT / "examples" / "digits-partition.yaml", FILES / "run.yaml")
    fields = read(FILES / "run.yaml").data
    run = registry.get("commands", fields.pop("command"))(**fields)
    (FILES / "run.json").write_text(json.dumps(run.dump(), indent=1) + "\n")


if __name__ == "__main__":
    write()

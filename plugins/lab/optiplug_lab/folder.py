"""The folder of a run and the config in it."""

from __future__ import annotations

import datetime as dt
import io
import os
import sys
from collections.abc import Iterator
from importlib.metadata import version
from itertools import chain, count
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.representer import RoundTripRepresenter

from optiplug import ConfigError, NamedConfig, Section, registry

from .config import TrainConfig

__all__ = ["RunFolder", "versions"]


class RunFolder:
    """Paths inside the folder of a run.

    ``config.yaml`` with every default written out, ``metrics.csv``, ``events`` for TensorBoard,
    ``checkpoints``, and when the run has ended ``curves.png``, ``result.json`` with the final figures,
    and ``weights.npz`` with the final variables by name.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config, self.metrics = path / "config.yaml", path / "metrics.csv"
        self.checkpoints, self.events = path / "checkpoints", path / "events"
        self.curves, self.weights = path / "curves.png", path / "weights.npz"
        self.result = path / "result.json"

    @classmethod
    def new(cls, path: Path | None, name: str) -> RunFolder:
        """Return the folder of a new run: `path`, or ``runs/<name>-<timestamp>``.

        Raises
        ------
        ConfigError
            If there is something in it, or if it cannot be made.
        """
        if path is None:
            now = dt.datetime.now().astimezone()
            first = Path("runs") / f"{name}-{now:%Y%m%d-%H%M%S}"
            # Another run may have begun in this second.
            others = (first.with_name(f"{first.name}-{number}") for number in count(2))
            path = next(each for each in chain([first], others) if not each.exists())
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise ConfigError(
                "the run folder must be new or empty",
                where="--run-dir",
                received=str(path),
                hint=f"`--resume {path}` goes on with a run",
            )
        parent = next(each for each in path.absolute().parents if each.exists())
        if not parent.is_dir() or not os.access(parent, os.W_OK | os.X_OK):
            raise ConfigError(
                f"the run folder cannot be made: {parent} is no folder that can be written to",
                where="--run-dir",
                received=str(path),
            )
        return cls(path)

    def write_config(self, config: TrainConfig) -> None:
        """Write a config that makes this run again, with the versions that it was made with."""
        resolved = config.model_copy(update={"versions": versions(config)}).dump()
        del resolved["use"]
        text = io.StringIO()
        yaml = YAML()
        yaml.indent(mapping=2, sequence=4, offset=2)
        yaml.width = 110
        yaml.representer.add_representer(type(None), _null)
        yaml.dump({"command": "train", **resolved}, text)
        self.path.mkdir(parents=True, exist_ok=True)
        self.config.write_text(text.getvalue(), encoding="utf-8")


def versions(config: TrainConfig) -> dict[str, str]:
    """Return the versions of Python, TensorFlow, the core and every plugin that a config names."""
    found = {name: version(name) for name in ("optiplug-core", "tensorflow", "numpy")}
    for plugin in _plugins(config):
        entry = registry.find(plugin.kind, registry.reference_of(plugin))
        found[entry.distribution] = entry.version
    return {"python": sys.version.split()[0], **dict(sorted(found.items()))}


def _null(representer: RoundTripRepresenter, _: None) -> ScalarNode:
    """Write what would be an empty place by default."""
    return representer.represent_scalar("tag:yaml.org,2002:null", "null")


def _plugins(value: object) -> Iterator[type[NamedConfig]]:
    """Yield the class of every config inside `value`."""
    if isinstance(value, tuple):
        for item in value:
            yield from _plugins(item)
    elif isinstance(value, Section):
        if isinstance(value, NamedConfig):
            yield type(value)
        for _, item in value:
            yield from _plugins(item)

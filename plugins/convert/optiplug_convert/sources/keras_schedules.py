"""Schedules of Keras, which configs here read as they are, and those of TensorFlow Addons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from optiplug import ConfigError, registry
from optiplug_convert.draft import Draft, Path
from optiplug_convert.filling import fill
from optiplug_convert.rules import NUMBER, Ignored, Neutral, Row, To

__all__ = ["ADDONS_SCHEDULES", "schedule"]

_NAMES = {"name": Ignored("it names operations")}
_RATES = {
    "initial_learning_rate": To("initial_learning_rate"),
    "maximal_learning_rate": To("maximal_learning_rate"),
    # Addons keeps it in float32.
    "step_size": To("step_size", value=lambda value: int(value) if value == value // 1 else value, of=NUMBER),
}
_OTHER = "write a function of the step, in Python"

ADDONS_SCHEDULES = {
    "TriangularCyclicalLearningRate": Row(
        "cyclical", {**_RATES, "scale_mode": Neutral(("cycle",), _OTHER), **_NAMES}
    ),
    "Triangular2CyclicalLearningRate": Row(
        "cyclical",
        {**_RATES, "scale_mode": Neutral(("cycle",), _OTHER), **_NAMES},
        fixed={"mode": "triangular2"},
    ),
    "ExponentialCyclicalLearningRate": Row(
        "cyclical",
        {**_RATES, "gamma": To("gamma"), "scale_mode": Neutral(("iterations",), _OTHER), **_NAMES},
        fixed={"mode": "exp_range"},
    ),
}


def schedule(value: Mapping[str, object], path: Path, draft: Draft, *place: str | int) -> object:
    """Return the config of a schedule, and write its comments at `place`; None for one that has none."""
    name = str(value.get("class_name")).removeprefix("Addons>")
    arguments = value.get("config", {})
    if name in ADDONS_SCHEDULES and isinstance(arguments, Mapping):
        part = Draft()
        fill(part, ADDONS_SCHEDULES[name], arguments, (*path, "config"))
        draft.left_out += part.left_out
        draft.adopt(part.notes, *place)
        return part.as_config()
    try:
        # Configs read what Keras 2 and 3 make of their own schedules.
        config = registry.get("optimizers", "sgd")(learning_rate=value).learning_rate
    except ConfigError as error:
        if name == "CyclicalLearningRate":
            draft.refuse(path, "has a function for its scale, which a config cannot hold", name, _OTHER)
        elif value.get("class_name") and any(
            problem.path == ("learning_rate",) for problem in error.problems
        ):
            hint = "write a schedule of optiplug in its place: `optiplug list --kind schedules`"
            draft.refuse(path, "is no schedule of Keras that can be converted", name, hint)
        else:
            draft.left_out += [
                replace(problem, path=(*path, "config", *problem.path[1:])) for problem in error.problems
            ]
        return None
    if not hasattr(config, "dump"):
        draft.refuse(path, "is a class of your own, which a config cannot hold", name)
        return None
    said = config.model_fields_set
    return {key: item for key, item in config.dump().items() if key == "use" or key in said}

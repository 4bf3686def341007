"""Learning rate schedules of Keras in configs of optiplug. Neither Keras is imported here."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any

from optiplug.errors import ConfigError

__all__ = ["how_to_save", "imported", "of_keras", "restored", "saved", "translated"]

_MODULES = ("keras", "tf_keras")
# The hyperparameters have the same names.
_NAMES = {
    "CosineDecay": "cosine",
    "CosineDecayRestarts": "cosine_restarts",
    "ExponentialDecay": "exponential",
    "InverseTimeDecay": "inverse_time",
    "PiecewiseConstantDecay": "piecewise_constant",
    "PolynomialDecay": "polynomial",
}


def translated(value: Any) -> object:
    """Return a schedule of Keras, an object or what Keras makes of it in a config, as a mapping with `use`.

    Anything else, a subclass included, is returned as it is.

    Examples
    --------
    >>> translated({"class_name": "PiecewiseConstantDecay", "config": {"boundaries": [1], "values": [1, 0]}})
    {'use': 'piecewise_constant', 'boundaries': [1], 'values': [1, 0]}
    """
    cls = type(value)
    # By name, as neither Keras need be installed. The type itself: a subclass may compute something else.
    if cls.__name__ in _NAMES and cls.__module__.partition(".")[0] in _MODULES:
        value = {"class_name": cls.__name__, "config": value.get_config()}
    match value:
        case {"class_name": str(name), "config": Mapping() as config} if name in _NAMES:
            fields = {key: field for key, field in config.items() if key != "name"}
            if fields.get("warmup_target", "") is None:
                fields.pop("warmup_steps", None)  # Keras warms up only where there is a target
            return {"use": _NAMES[name], **fields}
    return value


def of_keras(value: object) -> bool:
    """Whether this is a schedule of a Keras that is imported, or what Keras makes of one in a config."""
    return _is_schedule(value) or (isinstance(value, Mapping) and value.keys() >= {"class_name", "config"})


def _is_schedule(value: object) -> bool:
    return any(isinstance(value, keras.optimizers.schedules.LearningRateSchedule) for keras in imported())


def saved(schedule: object) -> Mapping[str, Any] | None:
    """Return a schedule of Keras as Keras saves it; None for anything that it would not find again."""
    cls = type(schedule)
    for keras in imported() if _is_schedule(schedule) else ():
        built_in = cls.__module__.partition(".")[0] == keras.__name__
        if built_in or keras.saving.get_registered_object(keras.saving.get_registered_name(cls)) is cls:
            form: Mapping[str, Any] = keras.saving.serialize_keras_object(schedule)
            return form
    return None


def how_to_save(value: object) -> str:
    """Return what to do so that something in the place of a number can be saved."""
    if _is_schedule(value):
        return f"put @keras.saving.register_keras_serializable() above {type(value).__name__}"
    return "give a number, or register a schedule"


def restored(form: Mapping[str, Any]) -> Any:
    """Return the schedule that `saved` told, or Keras itself.

    Raises
    ------
    ConfigError
        If no Keras that is imported knows its class, or if that is no schedule or refuses the config.
    """
    try:
        schedule = _created(form)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"Keras cannot create it: {error}", received=dict(form)) from error
    if not _is_schedule(schedule):
        raise ConfigError(
            "no such schedule is registered with Keras",
            received=dict(form),
            hint="import the module that registers it, or give the class in `custom_objects`",
        )
    return schedule


def _created(form: Mapping[str, Any]) -> Any:
    name = form.get("registered_name") or form["class_name"]
    for keras in imported():
        known = keras.saving.get_registered_object(name)
        if known is not None:
            # Not by Keras' own function, which goes by `class_name` alone in a file of HDF5.
            return known.from_config(_lists(form["config"]))
        if str(form.get("module")).startswith("keras."):
            return keras.optimizers.schedules.deserialize(_lists(form))
    return None


def _lists(value: Any) -> Any:
    """Turn tuples of a frozen config into the lists that Keras wrote."""
    if isinstance(value, Mapping):
        return {key: _lists(item) for key, item in value.items()}
    return list(map(_lists, value)) if isinstance(value, tuple) else value


def imported() -> Iterator[Any]:
    """Iterate over the modules of Keras that are imported: Keras 3, and tf_keras."""
    for module in map(sys.modules.get, _MODULES):
        # While it is being imported it lacks some of these.
        if hasattr(getattr(module, "optimizers", None), "schedules") and hasattr(module, "saving"):
            yield module

"""What callbacks of Keras know in Python: their attributes, as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["CallbackStates"]

_OF_KERAS = ("model", "_model", "params", "validation_data")
_TAG = "@"


class CallbackStates:
    """What the callbacks of a `fit` remember: what has become of their attributes since it began.

    What has not changed is how they were made, which the next `fit` may make otherwise.
    """

    def __init__(self, callbacks: Sequence[Any]) -> None:
        self.callbacks = list(callbacks)
        self._before = [dict(_plain_attributes(each)) for each in callbacks]

    @property
    def names(self) -> list[str]:
        """What tells callbacks apart: their classes, in order."""
        return [type(each).__qualname__ for each in self.callbacks]

    def read(self) -> str:
        """Return what has changed, as the text of JSON, which has infinities here."""
        return json.dumps(
            [
                {name: value for name, value in _plain_attributes(each) if value != before.get(name, before)}
                for each, before in zip(self.callbacks, self._before, strict=True)
            ]
        )

    def set(self, saved: str) -> None:
        """Give the callbacks what was read from such before."""
        for callback, state in zip(self.callbacks, json.loads(saved), strict=True):
            for name, value in state.items():
                setattr(callback, name, _object(value))

    def arrays(self) -> dict[str, list[npt.NDArray[Any]]]:
        """Return the attributes that are lists of arrays, such as the best weights, by callback and name."""
        return {
            f"{place}.{name}": list(value)
            for place, callback in enumerate(self.callbacks)
            for name, value in _attributes(callback)
            if _is_arrays(value)
        }

    def set_arrays(self, saved: Mapping[str, list[npt.NDArray[Any]]]) -> None:
        """Give the callbacks such attributes."""
        for key, value in saved.items():
            place, _, name = key.partition(".")
            setattr(self.callbacks[int(place)], name, value)

    def unsaved(self) -> Iterator[str]:
        """Yield attributes that may be state and are not saved: neither JSON nor lists of arrays."""
        for callback in self.callbacks:
            # What Keras' own have beside, such as files and functions, is made when a `fit` begins.
            if type(callback).__module__.partition(".")[0] in ("keras", "tf_keras"):
                continue
            for name, value in _attributes(callback):
                if not (callable(value) or _is_arrays(value) or _can(value)):
                    yield f"{type(callback).__qualname__}.{name}"


def _attributes(callback: Any) -> Iterator[tuple[str, Any]]:
    yield from ((name, value) for name, value in vars(callback).items() if name not in _OF_KERAS)


def _plain_attributes(callback: Any) -> Iterator[tuple[str, Any]]:
    for name, value in _attributes(callback):
        if _can(value):
            yield name, _plain(value)


def _can(value: object) -> bool:
    try:
        _plain(value)
    except (TypeError, RecursionError):
        return False
    return True


def _plain(value: Any) -> Any:
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, np.generic) and value.dtype.kind in "biuf":
        return {_TAG: value.dtype.name, "value": value.item()}
    if type(value) in (list, tuple):
        items = [_plain(each) for each in value]
        return items if isinstance(value, list) else {_TAG: "tuple", "value": items}
    if isinstance(value, Mapping) and type(value) is dict and all(type(key) is str for key in value):
        if _TAG not in value:
            return {key: _plain(each) for key, each in value.items()}
    raise TypeError(type(value))


def _object(value: Any) -> Any:
    if isinstance(value, list):
        return [_object(each) for each in value]
    if not isinstance(value, dict):
        return value
    if _TAG not in value:
        return {key: _object(each) for key, each in value.items()}
    if value[_TAG] == "tuple":
        return tuple(_object(each) for each in value["value"])
    return np.dtype(value[_TAG]).type(value["value"])


def _is_arrays(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, np.ndarray) for each in value)

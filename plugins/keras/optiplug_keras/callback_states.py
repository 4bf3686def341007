"""What callbacks of Keras know in Python: their attributes, as JSON."""

from __future__ import annotations

import json
import warnings
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import Any

import numpy as np
import numpy.typing as npt

from .untyped import Callback

__all__ = ["CallbackStates"]

_OF_KERAS = ("model", "_model", "params", "validation_data")
_TAG = "@"


class CallbackStates:
    """What the callbacks of a `fit` remember: what has become of their attributes since it began.

    What has not changed is how they were made, which the next `fit` may make otherwise. Callbacks are told
    apart by their class and, within it, by their order.
    """

    def __init__(self, callbacks: Sequence[Callback]) -> None:
        counts: defaultdict[str, Iterator[int]] = defaultdict(count)
        names = [type(each).__qualname__ for each in callbacks]
        self._callbacks = {
            f"{name}[{next(counts[name])}]": each for name, each in zip(names, callbacks, strict=True)
        }
        self._before = {key: dict(_plain_attributes(each)) for key, each in self._callbacks.items()}

    def read(self) -> str:
        """Return what has changed, as the text of JSON, which has infinities here."""
        return json.dumps(
            {
                key: {
                    name: value
                    for name, value in _plain_attributes(each)
                    if name not in self._before[key] or value != self._before[key][name]
                }
                for key, each in self._callbacks.items()
            }
        )

    def arrays(self) -> dict[str, dict[str, list[npt.NDArray[Any]]]]:
        """Return what are lists of arrays, such as the best weights."""
        return {
            key: {name: list(value) for name, value in _attributes(each) if _is_arrays(value)}
            for key, each in self._callbacks.items()
        }

    def set(self, saved: str, arrays: Mapping[str, Mapping[str, list[npt.NDArray[Any]]]]) -> None:
        """Let the callbacks remember what was read from such before."""
        states = json.loads(saved)
        for key, state in states.items():
            known = {**{name: _object(value) for name, value in state.items()}, **arrays[key]}
            if known and key not in self._callbacks:
                warnings.warn(f"what {key} remembered is lost: there is no such callback now.", stacklevel=2)
            elif known:
                vars(self._callbacks[key]).update(known)

    def unsaved(self) -> Iterator[str]:
        """Yield attributes that may be state and are not saved: neither JSON nor lists of arrays."""
        for callback in self._callbacks.values():
            # What Keras' own have beside, such as files and functions, is made when a `fit` begins.
            if type(callback).__module__.partition(".")[0] in ("keras", "tf_keras"):
                continue
            for name, value in _attributes(callback):
                if not (callable(value) or _is_arrays(value) or _can(value)):
                    yield f"{type(callback).__qualname__}.{name}"


def _attributes(callback: Callback) -> Iterator[tuple[str, Any]]:
    # Keras 3 turns its sign when it first compares, and does so again where it goes on.
    derived = ("min_delta",) if "monitor_op" in vars(callback) else ()
    yield from ((name, value) for name, value in vars(callback).items() if name not in (*_OF_KERAS, *derived))


def _plain_attributes(callback: Callback) -> Iterator[tuple[str, Any]]:
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
    if type(value) is dict and _TAG not in value and all(type(key) is str for key in value):
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

"""Checkpoints that look like those of an optimizer, with anything in the places of its state."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

import optiplug
from optiplug import Identity

__all__ = [
    "Text",
    "assert_refused_or_equal",
    "at",
    "crafted",
    "node",
    "true_checkpoint",
    "variables",
    "written_description",
]


class Text(tf.train.experimental.PythonState):
    """A text in a checkpoint, as the description of state is."""

    def __init__(self, text: str) -> None:
        self._text = text

    def serialize(self) -> str:
        return self._text

    def deserialize(self, text: object) -> None:
        raise AssertionError("is written only")


def node(**children: Any) -> Any:
    """Return an object with these children."""
    made = tf.__internal__.tracking.AutoTrackable()
    for name, child in children.items():
        setattr(made, name, child)
    return made


def variables(values: dict[str, Any]) -> dict[str, Any]:
    return {name: tf.Variable(value) for name, value in values.items()}


# What the variables of the model were when it was saved.
_VALUES = {"kernel": [[0.5, 1.5], [2.5, 3.5]], "bias": [4.5, 5.5]}


def _model(values: dict[str, Any]) -> dict[str, Any]:
    return {name: tf.Variable(np.float32(value), name=name) for name, value in values.items()}


def _optimizer() -> Any:
    return optiplug.create("sgd", momentum=0.9, jit_compile=False)


def true_checkpoint() -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the description and the state that a checkpoint of this optimizer has; both can be changed."""
    values = {name: np.float32(value) for name, value in _VALUES.items()}
    identities = [Identity.of(value, name, place) for place, (name, value) in enumerate(values.items())]
    store = {
        "iterations": np.int64(3),
        "learning_rate": np.float32(0.25),
        **{f"momentum/{name}": value * 2 for name, value in values.items()},
    }
    description = {
        "versions": {"": 1},
        "state": {name: [value.dtype.name, list(value.shape)] for name, value in store.items()},
        "packs": {"momentum/pack:0": ["momentum/kernel", "momentum/bias"]},
        "variables": {each.path: {**each.dump(), "shape": list(each.shape)} for each in identities},
        "alike": {},
    }
    return description, store


def written_description(folder: Path) -> dict[str, Any]:
    """Return the description that is written with this state."""
    model, optimizer = _model(_VALUES), _optimizer()
    optimizer.build(list(model.values()))
    optimizer.load_own_variables(true_checkpoint()[1])
    path = tf.train.Checkpoint(optimizer=optimizer).write(str(folder / "checkpoint"))
    text = tf.train.load_checkpoint(path).get_tensor("optimizer/manifest/.ATTRIBUTES/py_state")
    description: dict[str, Any] = json.loads(text)
    return description


def at(path: tuple[Any, ...], value: Any, start: Any = None) -> Any:
    """Return the description, or `start`, with another value in one place."""
    changed = true_checkpoint()[0] if start is None else copy.deepcopy(start)
    if not path:
        return value
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return changed


def crafted(folder: Path, optimizer: Any) -> str:
    """Write a checkpoint of the model with anything in the place of the optimizer, and return its path."""
    model = _model(_VALUES)
    return str(tf.train.Checkpoint(optimizer=optimizer, **model).write(str(folder / "checkpoint")))


def restored(path: str, moment: str) -> tuple[dict[str, Any], Callable[[], dict[str, Any]], Any]:
    """Restore a checkpoint into a fresh model; return the state before, what tells it, and the status."""
    model, optimizer = _model({name: np.zeros_like(value) for name, value in _VALUES.items()}), _optimizer()

    def state() -> dict[str, Any]:
        store: dict[str, Any] = {}
        optimizer.save_own_variables(store)
        return {name: np.array(value) for name, value in store.items()}

    def run() -> Any:
        if moment == "read_state":
            return optimizer.load_own_variables(optiplug.read_state(path))
        status = tf.train.Checkpoint(optimizer=optimizer, **model).read(path)
        if moment == "before build":
            optimizer.build(list(model.values()))
        return status

    if moment != "before build":
        optimizer.build(list(model.values()))
    return state(), state, run


def assert_refused_or_equal(path: str, moment: str) -> bool:
    """Restore; it gives the true state, or a StateError and no change. Return whether it was restored."""
    before, state, run = restored(path, moment)
    try:
        status = run()
    except optiplug.StateError:
        assert moment == "before build" or _same(state(), before)
        return False
    assert _same(state(), true_checkpoint()[1])
    if status is not None:
        status.expect_partial()
    return True


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return one.keys() == other.keys() and all(
        np.array_equal(value, other[name], equal_nan=True) for name, value in one.items()
    )

"""Converts the state of an optimizer of Keras to that of an optimizer of optiplug, by name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ._config.kinds import OptimizerConfig
from ._optimizer.optimizer import Optimizer
from ._optimizer.parts import parts_of
from ._state.manifest import require_same, spec, version_key
from ._types import Array
from .errors import StateError

__all__ = ["convert"]

_COUNTERS = {"iterations", "learning_rate"}
_KERAS_COUNTERS = {"iteration", "learning_rate", "current_learning_rate"}


def convert(theirs: Any, ours: Optimizer) -> Optimizer:
    """Continue with ours where an optimizer of Keras stands: copy its steps, its rate and its state.

    Each array finds its place by the name that Keras gave it and the `keras_slots` of our plugins,
    averages of `use_ema` included; variables of one name by their order. Afterwards ours takes the
    same steps as theirs, if its hyperparameters are the same. Saved state of Keras has to be loaded
    there first.

    Parameters
    ----------
    theirs
        A built optimizer of Keras 3 or tf_keras that has taken a step.
    ours
        An optimizer for the same algorithm, built with the same variables.

    Returns
    -------
    `ours`.

    Raises
    ------
    StateError
        If the two do not keep the same state, with what differs; nothing is changed then.

    Examples
    --------
    >>> import optiplug, tensorflow as tf, tf_keras
    >>> weight = tf.Variable(1.0, name="weight")
    >>> theirs = tf_keras.optimizers.SGD(0.5, momentum=0.9, jit_compile=False)
    >>> _ = theirs.apply_gradients([(tf.constant(1.0), weight)])
    >>> ours = optiplug.create("sgd", learning_rate=0.1, momentum=0.9)
    >>> ours.build([weight])
    >>> _ = optiplug.convert(theirs, ours)
    >>> int(ours.iterations), float(ours.learning_rate), ours.momentum[weight].numpy().item()
    (1, 0.5, -0.5)
    """
    if not int(theirs.iterations.numpy()):
        raise StateError(
            "an optimizer that has taken no step has nothing to convert",
            where=f"convert to {ours.name}",
            hint="use ours from the start",
        )
    values = _renamed(theirs, ours)
    require_same(
        {name: spec(value) for name, value in values.items()},
        {name: spec(state.variable) for name, state in ours.state.states.items()},
        where=f"convert to {ours.name}",
        hint="build both with the same variables, and give ours the same slots: momentum, amsgrad, use_ema",
    )
    versions = {version_key(owner): config.state_version for owner, config in parts_of(ours).owners().items()}
    ours.load_own_variables({**values, **versions})
    return ours


def _renamed(theirs: Any, ours: Optimizer) -> dict[str, Array]:
    """Return the arrays of an optimizer of Keras under our names, or under theirs where we have none."""
    table, omitted = _names_in_keras(ours), _omitted(ours, theirs)
    values: dict[str, Array] = {}
    for name, array in _arrays(theirs):
        # Variables of one name have the same ending; the first one that is free is next in order.
        own = next((each for each in _candidates(table, name) if each not in values), None)
        if own in _COUNTERS:
            # Keras counts in other dtypes.
            values[own] = array.astype(ours.state.states[own].dtype.as_numpy_dtype)
        elif own is not None:
            values[own] = array
        elif not any(f"/{slot}/" in f"/{name}" or name.endswith(f"_{slot}") for slot in omitted):
            values[name] = array
    return values


def _arrays(theirs: Any) -> Iterator[tuple[str, Array]]:
    """Go over the arrays of an optimizer of Keras in their order, each with its name."""
    yield "iterations", np.asarray(theirs.iterations.numpy())
    if not isinstance(theirs.get_config()["learning_rate"], Mapping):  # a schedule has no state
        yield "learning_rate", np.asarray(theirs.learning_rate.numpy())
    for variable in theirs.variables:
        name = variable.name.rsplit(":", 1)[0]
        if name.rpartition("/")[2] not in _KERAS_COUNTERS:
            yield name, np.asarray(variable.numpy())


def _candidates(table: Mapping[str, list[str]], name: str) -> list[str]:
    """Return what our table has for a name of Keras, which may have scopes before it.

    The longest ending counts: ``v/m/kernel`` is a slot of ``m/kernel`` and not the slot `m` of ``kernel``.
    """
    names = name.split("/")
    endings = ("/".join(names[start:]) for start in range(len(names)))
    return next((table[ending] for ending in endings if ending in table), [])


def _names_in_keras(ours: Optimizer) -> dict[str, list[str]]:
    """Return the names of our state, in their order, by each name that Keras may have for it."""
    known, slots = parts_of(ours).variables, _slots(ours)
    raw = {known.path(variable): variable.name for variable in known}
    table: defaultdict[str, list[str]] = defaultdict(list)
    for name in ours.state.states:
        slot, path = ours.state.homes.get(name, (name, ""))
        for keras in [slot] if slot in _COUNTERS else slots[slot]:
            # Without duplicates: a name without a colon has one form twice.
            for each in dict.fromkeys([*_names(keras, raw.get(path, "")), *_names(keras, path)]):
                table[each].append(name)
    return dict(table)


def _slots(ours: Optimizer) -> defaultdict[str, list[str]]:
    """Return the names that Keras gives to each of our slots and shared variables."""
    slots = defaultdict(list)
    for owner, config in parts_of(ours).owners().items():
        for keras, own in config.keras_slots.items():
            slots[f"{owner}/{own}" if owner else own].append(keras)
    return slots


def _names(slot: str, variable: str) -> list[str]:
    """Return how tf_keras, and Keras 3 for its own variables or TensorFlow's, names a slot."""
    if not variable:
        return [slot]
    path, flat = variable.rsplit(":", 1)[0], variable.replace("/", "_")
    return [f"{slot}/{path}", f"{flat.rsplit(':', 1)[0]}_{slot}", f"{flat.replace(':', '_')}_{slot}"]


def _omitted(ours: Optimizer, theirs: Any) -> tuple[str, ...]:
    """Return how Keras names slots that ours does without although its hyperparameters are theirs.

    Keras also keeps a momentum that is 0.
    """
    keras_config, config = theirs.get_config(), ours.config
    own = type(config).model_fields.keys() - OptimizerConfig.model_fields.keys() - _COUNTERS
    if any(getattr(config, field) != keras_config[field] for field in own & keras_config.keys()):
        return ()
    present = {slot for slot, _ in ours.state.homes.values()}
    return tuple(keras for keras, slot in type(config).keras_slots.items() if slot not in present)

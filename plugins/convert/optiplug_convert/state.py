"""Continues an optimizer of Keras with one of ours: its state, with a table of what went where."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import optiplug
from optiplug import Optimizer, StateError

from .keras_slots import AVERAGE, FACTORED, LEGACY_SLOTS, SHARED, SLOTS, UNSUPPORTED

__all__ = ["Moved", "convert_state"]

Array = NDArray[np.generic]

_WHERE = "convert_state"


@dataclass(frozen=True)
class Moved:
    """An array of Keras, and the name of the state that it has become."""

    source: str
    shape: tuple[int, ...]
    name: str

    def __str__(self) -> str:
        return f"{self.source} {self.shape} -> {self.name}"


@dataclass(frozen=True)
class _Part:
    moved: Moved
    value: Array


def convert_state(
    keras_optimizer: Any, optimizer: Optimizer, variables: Sequence[Any] | None = None
) -> tuple[Moved, ...]:
    """Continue with ours where an optimizer of Keras stands, and return what went where.

    Each array belongs to the variable for which Keras keeps it, whatever their names and shapes. Averages,
    the loss scale around an optimizer, the momentum product of Nadam and the rows and columns of Adafactor
    are carried over, too. Afterwards ours takes the same steps, if its config was made by `convert`.

    Parameters
    ----------
    keras_optimizer
        A built optimizer of Keras 3 or tf_keras that has taken a step.
    optimizer
        Ours for the same algorithm.
    variables
        The variables of both, for which ours is built if it is not; by default those of Keras.

    Raises
    ------
    StateError
        If anything is left over or missing, with a table of it; nothing is changed then.

    Examples
    --------
    >>> import optiplug, tensorflow as tf, tf_keras
    >>> from optiplug_convert import convert_state
    >>> weight = tf.Variable(1.0, name="weight")
    >>> theirs = tf_keras.optimizers.SGD(0.5, momentum=0.9, jit_compile=False)
    >>> _ = theirs.apply_gradients([(tf.constant(1.0), weight)])
    >>> ours = optiplug.create("sgd", learning_rate=0.5, momentum=0.9)
    >>> for moved in convert_state(theirs, ours, [weight]):
    ...     print(moved)
    momentums[0] () -> momentum/weight
    """
    theirs = getattr(keras_optimizer, "inner_optimizer", keras_optimizer)
    kind = _known(theirs)
    known = _variables(theirs, variables)
    optimizer.build(list(known.values()))
    own: dict[str, Array] = {}
    optimizer.save_own_variables(own)
    parts = [*_slots(theirs, kind, known, optimizer), *_shared(theirs, kind)]
    if theirs is not keras_optimizer:
        parts += _scale(keras_optimizer, own)
    parts += _between_calls(theirs, own)
    optiplug.convert(_View(theirs, [_fitted(part, own) for part in parts]), optimizer)
    return tuple(part.moved for part in parts if part.moved.source)


def _known(theirs: Any) -> str:
    """Return the class of an optimizer whose state can be continued."""
    kind, table = type(theirs).__name__, LEGACY_SLOTS if _is_legacy(theirs) else SLOTS
    if kind in UNSUPPORTED:
        raise StateError(f"the state of {kind} cannot be continued: {UNSUPPORTED[kind]}", where=_WHERE)
    if kind not in table:
        hint = f"the classes are {', '.join(table)}"
        raise StateError(f"the state of {kind} cannot be continued", where=_WHERE, hint=hint)
    return kind


def _is_legacy(theirs: Any) -> bool:
    return hasattr(theirs, "get_slot")


class _View:
    """An optimizer of Keras whose state has the names that it has here."""

    def __init__(self, theirs: Any, parts: Sequence[_Part]) -> None:
        self.iterations = theirs.iterations
        self.learning_rate = theirs.learning_rate
        self.get_config = theirs.get_config
        self.variables = [_Named(part.moved.name, part.value) for part in parts]


@dataclass(frozen=True)
class _Named:
    name: str
    value: Array

    def numpy(self) -> Array:
        """Return the value, as a variable of Keras does."""
        return self.value


def _variables(theirs: Any, given: Sequence[Any] | None) -> dict[int, Any]:
    """Return the variables that an optimizer of Keras was built with, by their place in its lists."""
    listed = getattr(theirs, "_trainable_variables", None)
    if listed is not None:
        if not listed:
            raise StateError("an optimizer of Keras without variables has no state", where=_WHERE)
        return dict(enumerate(listed))
    if given is None:
        raise StateError("tf_keras does not keep its variables: hand them over", where=_WHERE)
    if _is_legacy(theirs):
        return dict(enumerate(given))
    places = [theirs._index_dict.get(theirs._var_key(each)) for each in given]  # noqa: SLF001  # as it does
    strangers = [each.name for each, place in zip(given, places, strict=True) if place is None]
    if strangers:
        raise StateError(
            "variables must be those of the optimizer of Keras", where=_WHERE, received=strangers
        )
    return dict(zip(places, given, strict=True))


def _attribute(theirs: Any, name: str) -> Any:
    """Return an attribute that one generation of Keras begins with an underscore."""
    return getattr(theirs, f"_{name}", getattr(theirs, name, None))


def _slots(theirs: Any, kind: str, known: Mapping[int, Any], ours: Optimizer) -> Iterator[_Part]:
    """Return the state of each variable."""
    for slot, place, kept in _kept(theirs, kind, known):
        variable, attribute = known[place], slot
        name = (
            LEGACY_SLOTS[kind][slot] if _is_legacy(theirs) else {**SLOTS[kind], AVERAGE[0]: AVERAGE[1]}[slot]
        )
        if kind in FACTORED and attribute != AVERAGE[0]:
            name = _factor(attribute, name, variable)
        if kept is None or not name:
            continue
        value = np.asarray(kept.numpy())
        yield _Part(Moved(f"{slot}[{place}]", value.shape, f"{name}/{ours.path(variable)}"), value)


def _kept(theirs: Any, kind: str, known: Mapping[int, Any]) -> Iterator[tuple[str, int, Any]]:
    """Go over what an optimizer keeps of each variable."""
    if _is_legacy(theirs):
        for name in theirs.get_slot_names():
            for place, variable in known.items():
                yield name, place, theirs.get_slot(variable, name)
        return
    for attribute in (*SLOTS[kind], AVERAGE[0]):
        for place, kept in enumerate(_attribute(theirs, attribute) or ()):
            if place not in known:
                raise StateError("all variables of the optimizer of Keras are needed", where=_WHERE)
            yield attribute, place, kept


def _factor(attribute: str, slot: str, variable: Any) -> str:
    """Return the slot of rows or columns, which are those of the longest axes here; empty for none."""
    lengths = list(variable.shape)
    if len(lengths) < 2:
        return slot if attribute == "v" else ""
    if attribute == "v":
        return ""  # it follows from rows and columns
    if sorted(lengths)[-2:] != sorted(lengths[-2:]):
        rule = "Keras factors the last two axes of a variable, and here they are the two longest"
        raise StateError(rule, where=_WHERE, received=tuple(lengths))
    swapped = {"row_moment": "column_moment", "column_moment": "row_moment"}
    return slot if lengths[-1] >= lengths[-2] else swapped[slot]


def _shared(theirs: Any, kind: str) -> Iterator[_Part]:
    for attribute, name in SHARED.get(kind, {}).items():
        value = np.asarray(_attribute(theirs, attribute).numpy())
        yield _Part(Moved(attribute, value.shape, name), value)


def _scale(outer: Any, own: dict[str, Array]) -> Iterator[_Part]:
    """Return the scale of a LossScaleOptimizer, and its count of good steps."""
    if not any(name.startswith("loss_scale/") for name in own):
        return
    state: Any = getattr(outer, "_loss_scale", None)
    if hasattr(outer, "dynamic_scale"):
        found = {"dynamic_scale": outer.dynamic_scale, "step_counter": outer.step_counter}
    else:
        found = {"current_loss_scale": state.current_loss_scale, "counter": state.counter}
    for (source, variable), name in zip(found.items(), ("scale", "good_steps"), strict=True):
        value = np.asarray(variable.numpy())
        yield _Part(Moved(source, value.shape, f"loss_scale/{name}"), value)


def _between_calls(theirs: Any, own: dict[str, Array]) -> Iterator[_Part]:
    """Leave sums of gradients as they are at the beginning of a window, where Keras has to stand."""
    steps = getattr(theirs, "gradient_accumulation_steps", None)
    if not steps:
        return
    calls = int(np.asarray(theirs.variables[0].numpy())) % steps
    if calls:
        rule = f"Keras has gradients of {calls} calls that have not become a step yet"
        raise StateError(rule, where=_WHERE, hint=f"convert after {steps - calls} more")
    for name, value in own.items():
        if name.startswith("accumulate/"):
            yield _Part(Moved("", value.shape, name), value)


def _fitted(part: _Part, own: dict[str, Array]) -> _Part:
    """Return a part in the dtype that it has here, where it counts or is wider."""
    expected = own.get(part.moved.name)
    if expected is None or expected.dtype == part.value.dtype:
        return part
    if np.can_cast(part.value.dtype, expected.dtype) or expected.dtype.kind == "i":
        return _Part(part.moved, part.value.astype(expected.dtype))
    return part

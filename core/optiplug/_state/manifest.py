"""The description of saved state: names, dtypes, shapes and versions."""

from __future__ import annotations

import json
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from typing import Any, TypeAlias, TypedDict, TypeGuard

import tensorflow as tf

from optiplug._types import Array, Variable
from optiplug._variables.identity import Identity, is_count
from optiplug.errors import StateError

__all__ = [
    "VERSION",
    "WIDENED",
    "Description",
    "Manifest",
    "Spec",
    "differences",
    "parsed",
    "require_same",
    "shown",
    "spec",
    "version_key",
    "widens",
]

Spec: TypeAlias = tuple[str, tuple[int | None, ...]]
VERSION = "state_version"

WIDENED = "@float32"
"""What a checkpoint has after the name of state that is kept in float32 beside a narrower variable."""


class Description(TypedDict):
    """The description in a checkpoint: versions by owner, specs by name, segment names by pack.

    `variables` has what `Identity.dump` returns of each variable of the model, by its path, and `alike`
    what `ModelVariables.alike` has; nothing in checkpoints of earlier versions.
    """

    versions: dict[str, int]
    state: dict[str, Spec]
    packs: dict[str, list[str]]
    variables: dict[str, dict[str, Any]]
    alike: dict[str, list[int]]


def version_key(owner: str) -> str:
    """Return the reserved name under which the version of an owner's state is saved."""
    return f"{owner}/{VERSION}" if owner else VERSION


def spec(value: Variable | Array) -> Spec:
    """Return the dtype and shape of a variable or an array.

    >>> import numpy as np
    >>> spec(np.zeros([2, 3], "float32"))
    ('float32', (2, 3))
    """
    return tf.as_dtype(value.dtype).name, tuple(value.shape)


def differences(
    saved: Mapping[str, Spec], expected: Mapping[str, Spec], *, dtypes: bool = True
) -> list[tuple[str, str, str]]:
    """Return (name, saved, expected) for each name that is not in both alike.

    >>> differences({"a": ("float32", (2,)), "b": ("int64", ())}, {"a": ("float32", (3,))})
    [('a', 'float32 (2,)', 'float32 (3,)'), ('b', 'int64 ()', '-')]
    """
    return [
        (name, shown(saved.get(name)), shown(expected.get(name)))
        # In the order of the optimizer, then what only the checkpoint has: the same message each time.
        for name in dict.fromkeys([*expected, *saved])
        if name not in saved or name not in expected or not _fits(saved[name], expected[name], dtypes)
    ]


def require_same(
    saved: Mapping[str, Spec],
    expected: Mapping[str, Spec],
    *,
    where: str,
    hint: str,
    dtypes: bool = True,
    late: Iterable[str] = (),
    widened: Container[str] = (),
) -> None:
    """Raise `StateError` with all differences.

    Names below those in `late` may be saved and not expected, those in `widened` be saved in half precision.
    """
    # All of them at once: someone with ten differences should not have to load ten times.
    rows = [
        row
        for row in differences(saved, expected, dtypes=dtypes)
        # Variables may appear later, and then find their state in the checkpoint.
        if row[2] != _ABSENT or not row[0].startswith(tuple(f"{each}/" for each in late))
        # Those that are narrower, and else alike.
        if row[0] not in widened or differences({"": saved[row[0]]}, {"": expected[row[0]]}, dtypes=False)
    ]
    if rows:
        raise StateError(
            "saved state must fit the variables of the optimizer; nothing was changed",
            where=where,
            hint=hint,
            differences=rows,
        )


def widens(saved: Spec, expected: Spec) -> bool:
    """Whether saved real numbers fit into the expected dtype without loss, and it is another one.

    >>> widens(("bfloat16", ()), ("float32", ())), widens(("float32", ()), ("bfloat16", ()))
    (True, False)
    """
    narrow, wide = tf.as_dtype(saved[0]), tf.as_dtype(expected[0])
    return bool(narrow.is_floating and wide.is_floating and narrow.size < wide.size)


class Manifest(tf.train.experimental.PythonState):  # type: ignore[misc]  # TensorFlow is untyped
    """The description in a checkpoint of the other state of the optimizer.

    TensorFlow reads it before any variable, and `accept` lets the variables be restored.
    """

    def __init__(self, describe: Callable[[], Description], accept: Callable[[object], None]) -> None:
        self._describe, self._accept = describe, accept

    def serialize(self) -> str:
        """Return the description of the state as JSON."""
        return json.dumps(self._describe())

    def deserialize(self, text: object) -> None:
        """Accept the description of what is about to be restored."""
        self._accept(text)


def parsed(text: object, where: str) -> Description:
    """Return the description of state that a checkpoint has as JSON.

    Raises
    ------
    StateError
        If it is none.
    """
    try:
        # Anything may be in a checkpoint.
        read = json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant)  # type: ignore[arg-type]
        problem = _malformed(read)
    except (TypeError, ValueError, RecursionError) as error:
        problem = f"it is no JSON: {error}"
    if problem:
        raise StateError(
            f"the description of state in the checkpoint is malformed: {problem}; nothing was changed",
            where=where,
            hint="it was not written by optiplug, or was damaged",
        )
    state = {name: (dtype, tuple(shape)) for name, (dtype, shape) in read["state"].items()}
    return {
        "versions": read["versions"],
        "state": state,
        "packs": read.get("packs", {}),
        "variables": read.get("variables", {}),
        "alike": read.get("alike", {}),
    }


def _malformed(read: Any) -> str:
    """Return what is wrong with a description that was read, nothing if it is as `Description` says."""
    if not isinstance(read, dict) or not {"versions", "state"} <= read.keys():
        return "it must have `versions` and `state`"
    for part, rule, holds in (
        ("versions", "a whole number from 1 on", lambda each: is_count(each) and each >= 1),
        ("state", "a dtype and a shape", _is_spec),
        ("packs", "names of state", lambda each: _are_names(each, read["state"])),
        ("variables", "what tells a variable from others", _is_identity),
        ("alike", "whole numbers", _are_counts),
    ):
        entries = read.get(part, {})
        if not isinstance(entries, dict):
            return f"`{part}` must have names"
        wrong = next((name for name, each in entries.items() if not holds(each)), None)
        if wrong is not None:
            return f"{part}: {wrong!r} must be {rule}"
    parts = [name for names in read.get("packs", {}).values() for name in names]
    return "packs: a name is in two places" if len(parts) > len(set(parts)) else ""


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name is there twice")
    return found


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def _is_spec(value: Any) -> bool:
    match value:
        case [str(dtype), [*shape]] if all(each is None or is_count(each) for each in shape):
            try:
                tf.as_dtype(dtype), tf.TensorShape(shape)
            except (TypeError, ValueError, OverflowError):
                return False
            return True
    return False


def _is_identity(value: object) -> bool:
    try:
        Identity.from_saved("", value)  # type: ignore[arg-type]  # anything may be in a checkpoint
    except StateError:
        return False
    return True


def _are_names(value: object, state: Mapping[str, object]) -> bool:
    # A pack of nothing is never saved, and neither is a name that no variable has.
    return _is_filled(value) and all(isinstance(name, str) and name in state for name in value)


def _are_counts(value: object) -> bool:
    return _is_filled(value) and all(map(is_count, value))


def _is_filled(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, list) and bool(value)


# What the table of differences shows for a name that one side lacks.
_ABSENT = "-"


def shown(known: Spec | None) -> str:
    """Return a spec as a table of differences shows it."""
    return _ABSENT if known is None else f"{known[0]} {tuple(known[1])}"


def _fits(saved: Spec, expected: Spec, dtypes: bool) -> bool:
    # Compatible and not equal: a state variable may have an unknown dimension.
    return tf.TensorShape(expected[1]).is_compatible_with(saved[1]) and (
        not dtypes or saved[0] == expected[0]
    )

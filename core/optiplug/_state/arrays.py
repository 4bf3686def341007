"""Values from outside as the arrays that state is loaded from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from optiplug._types import Array, DType
from optiplug.errors import StateError

__all__ = ["array_of_numbers", "arrays_by_name", "converted", "state_version"]


def arrays_by_name(store: object, where: str) -> dict[str, Array]:
    """Return the arrays of a mapping, or of what has keys as one, by name.

    Raises
    ------
    StateError
        If it is no mapping, or at a key that is no text or a value that is no array of numbers.
    """
    if not hasattr(store, "keys") or not hasattr(store, "__getitem__"):
        rule = "state is loaded from a mapping of names to arrays"
        raise StateError(rule, where=where, received=store, hint="`save_own_variables` fills one")
    try:
        read = [(name, store[name]) for name in store.keys()]  # noqa: SIM118  # what has keys is no iterable
    except Exception as error:  # a file may be closed, or damaged
        reason = f"{type(error).__name__}: {error}"
        raise StateError(f"the mapping cannot be read: {reason}; nothing was changed", where=where) from error
    odd = [name for name, _ in read if not isinstance(name, str)]
    if odd:
        raise StateError("names of state must be texts", where=where, received=odd)
    return {name: array_of_numbers(value, f"{where}: {name}") for name, value in read}


def array_of_numbers(value: object, where: str) -> Array:
    """Return a value as an array of numbers or flags.

    Raises
    ------
    StateError
        If it is something else.

    >>> array_of_numbers([1, 2], "counts").tolist()
    [1, 2]
    """
    rule, hint = "must be an array of numbers", "nothing was changed"
    try:
        array = np.asarray(value)
        dtype = tf.as_dtype(array.dtype)
    except Exception as error:  # an object may raise anything when it is made an array
        raise StateError(rule, where=where, received=value, hint=hint) from error
    if not (dtype.is_floating or dtype.is_integer or dtype.is_complex or dtype.is_bool):
        raise StateError(rule, where=where, received=value, hint=hint)
    return array


def converted(array: Array, dtype: DType) -> Array | None:
    """Return an array in another dtype; None if that is another kind of number, or lacks the range.

    >>> converted(np.asarray(3), tf.float32), converted(np.asarray(0.5), tf.int64)
    (array(3., dtype=float32), None)
    """
    given = tf.as_dtype(array.dtype)
    if _KINDS.index(_kind(given)) > _KINDS.index(_kind(dtype)) or given.is_bool != dtype.is_bool:
        return None
    with np.errstate(over="ignore"):
        result: Array = array.astype(dtype.as_numpy_dtype)
    kept = result == array if dtype.is_integer else np.isfinite(result) | ~np.isfinite(array)
    return result if np.all(kept) else None


def state_version(value: npt.ArrayLike, where: str) -> int:
    """Return the version of saved state.

    Raises
    ------
    StateError
        If it is no whole number from 1 on.
    """
    array = np.asarray(value)
    if array.shape or array.dtype.kind not in "iu" or array < 1:
        raise StateError("the version of state must be a whole number from 1 on", where=where, received=value)
    return int(array)


# What comes later holds what comes before.
_KINDS: Sequence[str] = ("bool", "integer", "floating", "complex")


def _kind(dtype: DType) -> str:
    return next(kind for kind in _KINDS if getattr(dtype, f"is_{kind}"))

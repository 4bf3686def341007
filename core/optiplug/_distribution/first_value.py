"""The first value of a variable that is about to be created."""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

from optiplug._types import DType, Tensor

__all__ = ["first_value"]


def first_value(initial: Callable[[], Tensor | float], dtype: DType) -> Tensor:
    """Return what `initial` returns as a tensor of this dtype.

    >>> first_value(lambda: 0.1, tf.float64).numpy().item()
    0.1
    """
    start = initial()
    # The 0.0 that is the default fits every dtype, and a flag is written as a number.
    whole = isinstance(start, int | float) and float(start).is_integer()
    if whole and (dtype.is_integer or dtype == tf.bool):
        start = dtype.as_numpy_dtype(start)
    # A number must not pass through float32 on its way to a double.
    return tf.cast(start, dtype) if tf.is_tensor(start) else tf.convert_to_tensor(start, dtype)

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
    # A number must not pass through float32 on its way to a double.
    return tf.cast(start, dtype) if tf.is_tensor(start) else tf.convert_to_tensor(start, dtype)

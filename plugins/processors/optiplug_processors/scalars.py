"""State that is one number for all variables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import tensorflow as tf

from optiplug import numerics

__all__ = ["widest_dtype"]


def widest_dtype(variables: Iterable[Any]) -> Any:
    """Return the dtype of a number that comes from all variables: float64 if any is in double precision.

    >>> widest_dtype([tf.zeros(2), tf.zeros(2, tf.float64)]), widest_dtype([tf.zeros(2, tf.bfloat16)])
    (tf.float64, tf.float32)
    """
    dtypes = [numerics.scalar_dtype(variable.dtype) for variable in variables]
    return tf.float64 if tf.float64 in dtypes else tf.float32

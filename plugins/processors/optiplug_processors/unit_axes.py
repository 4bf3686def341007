"""The weights that lead to one unit, for processors that go by their norm."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from optiplug import ConfigError, Tensor, Variable, Working

__all__ = ["axes_of", "norms", "sums"]


def axes_of(variable: Variable | Working | Tensor, axis: int | Sequence[int] | None, where: str) -> list[int]:
    """Return the axes that one norm goes over: those given, or all but the last. None for a vector.

    >>> axes_of(tf.zeros([3, 3, 8, 16]), None, "here"), axes_of(tf.zeros([5]), None, "here")
    ([0, 1, 2], [])
    >>> axes_of(tf.zeros([4, 6]), -1, "here")
    [1]
    """
    rank = variable.shape.rank
    if axis is None:
        return list(range(rank - 1))
    given = [axis] if isinstance(axis, int) else list(axis)
    axes = {each % rank for each in given if -rank <= each < rank}
    if len(axes) < len(given):
        raise ConfigError(
            f"must be different axes of each selected variable; {variable.name} has {rank}",
            where=where,
            received=axis,
            hint="select variables with `only`, `skip` or `min_ndim`",
        )
    return sorted(axes)


def norms(values: Tensor | Working, axes: Sequence[int]) -> Tensor:
    """Return the Euclidean norms over `axes` in float64, complex elements by modulus, with those axes kept.

    >>> norms(tf.constant([[3.0, 1.0], [4.0, 0.0]]), [0]).numpy().tolist()
    [[5.0, 1.0]]
    """
    values = tf.convert_to_tensor(values)
    wide = tf.cast(values, tf.complex128 if values.dtype.is_complex else tf.float64)
    return tf.sqrt(sums(tf.square(tf.abs(wide)), axes))


def sums(values: Tensor, axes: Sequence[int]) -> Tensor:
    """Return the sums over `axes`, with those axes kept.

    >>> sums(tf.constant([[3.0, 1.0], [4.0, 0.0]]), [0]).numpy().tolist()
    [[7.0, 1.0]]
    """
    rank = values.shape.rank
    if list(axes) != list(range(rank - 1)) or values.shape.num_elements() in (0, None):
        return tf.reduce_sum(values, axes, keepdims=True)
    # A product with ones: XLA on a CPU writes what it reduces along columns to memory first.
    rows = tf.reshape(values, [-1, values.shape[-1]])
    summed = tf.linalg.matvec(rows, tf.ones([rows.shape[0]], rows.dtype), transpose_a=True)
    return tf.reshape(summed, [1] * (rank - 1) + [values.shape[-1]])

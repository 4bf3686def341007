"""Stochastic rounding of bfloat16 variables."""

from __future__ import annotations

import tensorflow as tf

from optiplug import Processor, Step, Tensor, hookimpl, numerics

from .configs.stochastic_rounding import StochasticRoundingConfig

__all__ = ["StochasticRounding"]


class StochasticRounding(Processor):
    """Stochastic rounding of bfloat16 variables.

    A step computes on bfloat16 variables in float32, and its result lies between two neighbours
    that bfloat16 has. It becomes the upper one with a probability of its distance from the lower
    one, relative to the distance of the two, and else the lower one::

        variable <- upper with probability (value - lower) / (upper - lower), else lower

    So the mean is the result itself, and updates far below the last digit of a variable add up, where
    rounding to the nearest would lose every one of them. What bfloat16 has stays as it is, so do NaN
    and infinities; variables of other dtypes are left alone. State in bfloat16 is rounded to the
    nearest as ever.

    The numbers follow from `seed`, the iteration and the variable's path, so every device draws
    the same and a resumed run goes on with the same stream. List it after whatever else assigns
    variables and before averages, so that they see the values that remain.

    Raises
    ------
    ConfigError
        If `seed` is no integer of 31 bits.

    References
    ----------
    Zamirai, Zhang, Aberger and De Sa 2020, "Revisiting BFloat16 Training", arXiv:2010.06192.

    Examples
    --------
    >>> import tensorflow as tf
    >>> import optiplug
    >>> variable = tf.Variable(tf.ones([10000], tf.bfloat16), name="w")
    >>> optimizer = optiplug.create("sgd", learning_rate=1.0, processors=[StochasticRounding()])
    >>> gradient = tf.constant(-1 / 256, tf.bfloat16, [10000])  # half of the way to the next number
    >>> _ = optimizer.apply_gradients([(gradient, variable)])
    >>> values, _, counts = tf.unique_with_counts(tf.cast(tf.sort(variable), tf.float32))
    >>> print(values.numpy(), bool(tf.reduce_all(counts > 4800)))
    [1. 1.0078125] True
    """

    Config = StochasticRoundingConfig

    @hookimpl
    def post_step(self, step: Step) -> None:
        """Round each bfloat16 variable that was updated."""
        for variable in step.variables:
            if variable.stored_dtype == tf.bfloat16:
                variable.assign(_rounded(variable.value, step.seed(variable, self.config.seed)))


def _rounded(value: Tensor, seed: Tensor) -> Tensor:
    """Return float32 values whose lower 16 bits are 0, the digits that bfloat16 does not have."""
    uniform = numerics.random_uniform(tf.shape(value), seed)
    dither = tf.cast(uniform * 2.0**16, tf.int32)
    # Floats of one sign are ordered as their bits are: a carry into the upper half rounds away from 0.
    bits = tf.bitwise.bitwise_and(tf.bitcast(value, tf.int32) + dither, -(2**16))
    return tf.where(tf.math.is_finite(value), tf.bitcast(bits, tf.float32), value)

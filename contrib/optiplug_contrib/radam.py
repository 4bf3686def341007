"""RAdam: Adam with a rectified second moment."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from optiplug import BelowOneScalar, DType, Moments, Optimizer, Tensor, Variable, Working, numerics

from .configs.radam import RAdamConfig

__all__ = ["RAdam", "rectification"]


class RAdam(Moments):
    """Adam with a rectified variance of its step sizes in the first steps.

    With ``t = iterations + 1``::

        momentum      <- beta_1 * momentum + (1 - beta_1) * gradient
        second_moment <- beta_2 * second_moment + (1 - beta_2) * gradient^2
        m_hat = momentum / (1 - beta_1^t)
        v_hat = second_moment / (1 - beta_2^t)
        length_max = 2 / (1 - beta_2) - 1
        length     = length_max - 2 * t * beta_2^t / (1 - beta_2^t)
        r = sqrt((length - 4) (length - 2) length_max / ((length_max - 4) (length_max - 2) length))
        variable <- variable - learning_rate * r * m_hat / (sqrt(v_hat) + epsilon)

    As long as `length`, that of the approximated simple moving average, is below `sma_threshold`, the
    last line is ``variable - learning_rate * m_hat``. That is the case in the first 5 steps by
    default, and always for a `beta_2` of 2/3 or less. With `amsgrad` the largest `second_moment` so
    far takes its place in `v_hat`.

    State: the slots `momentum` and `second_moment`, with `amsgrad` also `second_moment_max`.
    For complex variables ``gradient^2`` is ``|gradient|^2``, and the second moments are real.

    Differs from
    ------------
    The paper, which has a threshold of 4 and no epsilon. The threshold of 5, and epsilon where it
    stands here, are those of its authors' program, of optax and of TensorFlow Addons.

    References
    ----------
    Liu, Jiang, He, Chen, Liu, Gao and Han 2020, "On the Variance of the Adaptive Learning Rate and
    Beyond", arXiv:1908.03265.

    Examples
    --------
    >>> import tensorflow as tf
    >>> variable = tf.Variable([1.0, -1.0])
    >>> optimizer = RAdam(learning_rate=0.5)
    >>> _ = optimizer.apply_gradients([(tf.constant([1.0, -2.0]), variable)])
    >>> variable.numpy().round(4).tolist()
    [0.5, 0.0]
    """

    Config = RAdamConfig

    def build(self, var_list: Sequence[Variable]) -> None:
        """Create the state slots."""
        super().build(var_list)
        if self.config.amsgrad:
            self.second_moment_max = self.add_slot("second_moment_max", real=True)

    def update_step(self, gradient: Tensor, variable: Working) -> None:
        """Apply one gradient to one variable."""
        m, v = self.update_moments(gradient, variable)
        if self.config.amsgrad:
            largest = self.second_moment_max[variable]
            largest.assign(tf.maximum(largest, v))
            v = largest
        correction_1, correction_2 = self.once(self.bias_corrections, v)
        factor = self.once(self._rectification, v)
        m_hat = m * (self.rate(variable) / tf.cast(correction_1, m.dtype))
        root = tf.sqrt(v / correction_2) + self.config.epsilon
        adaptive = m_hat * tf.cast(factor, m.dtype) / tf.cast(root, m.dtype)
        variable.assign_sub(numerics.where(factor > 0, adaptive, m_hat))

    def _rectification(self, dtype: DType) -> Tensor:
        return rectification(self, self.config.beta_2, self.config.sma_threshold, dtype)


def rectification(optimizer: Optimizer, beta_2: BelowOneScalar, threshold: float, dtype: DType) -> Tensor:
    """Return the factor `r` of a step, a scalar of `dtype`; 0 where `length` is below the threshold."""
    # After 5 steps `length` is 4.996 for a beta of 0.999, the difference of two numbers near 2000:
    # in single precision it could come out on the other side of the threshold.
    beta = optimizer.scalar(beta_2, tf.float64)
    t = tf.cast(optimizer.iterations + 1, tf.float64)
    longest = 2 / (1 - beta) - 1
    correction = optimizer.bias_correction(beta_2, tf.float64)
    length = longest - 2 * t * (1 - correction) / correction
    trusted = length >= threshold
    # Where it is not trusted the root may be of a negative number, which must not become NaN.
    squared = (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)
    return tf.cast(tf.where(trusted, tf.sqrt(tf.where(trusted, squared, 1.0)), 0.0), dtype)

"""LazyAdam: Adam for embedding tables."""

from __future__ import annotations

import tensorflow as tf

from optiplug import Moments, Tensor, Working

from .configs.lazyadam import LazyAdamConfig

__all__ = ["LazyAdam"]


class LazyAdam(Moments):
    """Adam that updates only those rows of a table that have a gradient.

    For every variable with a dense gradient, and for the rows that a `tf.IndexedSlices` gradient
    holds, with ``t = iterations + 1``::

        momentum      <- beta_1 * momentum + (1 - beta_1) * gradient
        second_moment <- beta_2 * second_moment + (1 - beta_2) * gradient^2
        rate          =  learning_rate * sqrt(1 - beta_2^t) / (1 - beta_1^t)
        variable      <- variable - rate * momentum / (sqrt(second_moment) + epsilon)

    Other rows keep their values and their state, where Adam would let both drift on. So a step costs
    what its rows cost, whatever the size of the table. `t` counts all steps, not those of a row. It
    is ``adam`` with ``sparse="lazy"``, under the name that TensorFlow Addons gave to it.

    State: the slots `momentum` and `second_moment`. For complex variables ``gradient^2`` is
    ``|gradient|^2``, and `second_moment` is real.

    Raises
    ------
    ConfigError
        If a gate or a processor needs whole gradients.

    References
    ----------
    Kingma and Ba 2015, "Adam: A Method for Stochastic Optimization", arXiv:1412.6980. The lazy rows
    are TensorFlow's own.

    Examples
    --------
    >>> import tensorflow as tf
    >>> table = tf.Variable([[1.0], [2.0], [3.0]])
    >>> optimizer = LazyAdam(learning_rate=0.5)
    >>> for rows in [0, 1], [1, 1]:
    ...     gradient = tf.IndexedSlices(tf.constant([[4.0], [8.0]]), tf.constant(rows), tf.constant([3, 1]))
    ...     _ = optimizer.apply_gradients([(gradient, table)])
    >>> table.numpy().round(2).tolist()
    [[0.5], [1.0], [3.0]]
    """

    Config = LazyAdamConfig

    def update_step(self, gradient: Tensor, variable: Working) -> None:
        """Apply one gradient to one variable, or to rows of it."""
        m, v = self.update_moments(gradient, variable)
        rate = self.rate(variable) * tf.cast(self.once(self.adam_correction, v), variable.dtype)
        variable.assign_sub(m * rate / tf.cast(tf.sqrt(v) + self.config.epsilon, variable.dtype))

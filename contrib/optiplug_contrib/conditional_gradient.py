"""Conditional gradient, or Frank-Wolfe."""

from __future__ import annotations

from math import prod

import tensorflow as tf

from optiplug import Optimizer, Tensor, Working, numerics

from .configs.conditional_gradient import ConditionalGradientConfig

__all__ = ["ConditionalGradient"]


class ConditionalGradient(Optimizer):
    """Conditional gradient (Frank-Wolfe) steps within a norm ball.

    The point of the ball that minimizes the linearized loss is ``-radius * direction``, and the new
    variable is a convex combination with it::

        direction = gradient / |gradient|                  norm="frobenius"
        direction = u v^T                                  norm="nuclear"
        variable <- variable - learning_rate * (variable + radius * direction)

    with the largest left and right singular vectors u and v of the gradient. A variable of three or
    more dimensions is a matrix with the columns of its last one, a vector is one row. A variable in
    the ball stays there; one outside comes closer at each step. A gradient of zero names no point,
    and moves nothing.

    u and v come from `power_iterations` of the power method, which starts at the row of largest
    norm. Where the largest singular values are close to each other, it may not separate their
    vectors; what it finds is about as good a point then.

    State: none. Variables must be real.

    Differs from
    ------------
    TensorFlow Addons, whose learning rate is one minus this one, so that 1 moves nothing; whose
    singular vectors come from a full decomposition; and where a gradient of zero moves variables to
    the centre of the ball. `radius` is `lambda_` there, 0.01 by default, and `norm` is `ord`.

    References
    ----------
    Ravi, Dinh, Lokhande and Singh 2018, "Constrained Deep Learning using Conditional Gradient and
    Applications in Computer Vision", arXiv:1803.06453.
    Frank and Wolfe 1956, "An algorithm for quadratic programming", Naval Research Logistics 3.

    Examples
    --------
    >>> import tensorflow as tf
    >>> variable = tf.Variable([1.0, 0.0])
    >>> optimizer = ConditionalGradient(learning_rate=0.5)
    >>> _ = optimizer.apply_gradients([(tf.constant([30.0, -40.0]), variable)])
    >>> print(variable.numpy().round(4))
    [0.2 0.4]
    """

    Config = ConditionalGradientConfig

    def update_step(self, gradient: Tensor, variable: Working) -> None:
        """Apply one gradient to one variable."""
        unit = _normalized(gradient)
        if self.config.norm == "nuclear" and len(variable.shape) > 1 and variable.shape.num_elements():
            unit = self._top_pair(unit)
        present = numerics.global_norm([gradient], tf.float64) > 0
        rate = self.rate(variable) * tf.cast(present, variable.dtype)
        # The value before any `weight_decay`, so that this one is beside the step as everywhere else.
        variable.assign_sub(rate * (variable.old + self.scalar(self.config.radius, variable) * unit))

    def _top_pair(self, unit: Tensor) -> Tensor:
        """Return the product of the largest singular vectors of a gradient of norm 1."""
        rows, columns = prod(unit.shape[:-1]), unit.shape[-1]
        matrix = tf.reshape(unit, [rows, columns])
        squares = tf.linalg.matvec(tf.square(matrix), tf.ones([columns], matrix.dtype))
        v = tf.gather(matrix, tf.argmax(squares))
        for _ in range(self.config.power_iterations):
            # Two products with vectors: the matrix times its transpose may be much larger than itself.
            v = _normalized(tf.linalg.matvec(matrix, tf.linalg.matvec(matrix, v), transpose_a=True))
        u = _normalized(tf.linalg.matvec(matrix, v))
        return tf.reshape(u[:, tf.newaxis] * v, unit.shape)


def _normalized(vector: Tensor) -> Tensor:
    norm = numerics.global_norm([vector], tf.float64)
    return numerics.scaled(vector, tf.math.divide_no_nan(tf.ones_like(norm), norm))

"""NovoGrad."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from optiplug import Optimizer, Tensor, Variable, Working, numerics

from .configs.novograd import NovoGradConfig

__all__ = ["NovoGrad"]


class NovoGrad(Optimizer):
    """Momentum of gradients normalized by a layerwise second moment.

    For each variable, which stands for a layer::

        norm <- sqrt(beta_2 * norm^2 + (1 - beta_2) * |gradient|^2)
        direction = gradient / (norm + epsilon) + weight_decay_rate * variable
        momentum <- beta_1 * momentum + direction
        variable <- variable - learning_rate * momentum

    `norm` starts as ``|gradient|`` of the first gradient that is not zero. With `grad_averaging` all
    directions but that first one are multiplied by ``1 - beta_1``. With `amsgrad` the largest `norm`
    so far takes its place in the second line.

    State: the slot `momentum`, and `norm`, a scalar for each variable: the root of the paper's
    second moment, whose square half precision could not hold. With `amsgrad` also `norm_max`.

    Differs from
    ------------
    TensorFlow Addons, where the learning rate is inside of the momentum, so that a change of it
    reaches past gradients only slowly; `beta_1` is 0.9 and `beta_2` 0.999 there. optax has 0.9 and
    0.25, and an epsilon of 1e-6.

    References
    ----------
    Ginsburg et al. 2019, "Stochastic Gradient Methods with Layer-wise Adaptive Moments for Training
    of Deep Networks", arXiv:1905.11286.

    Examples
    --------
    >>> import tensorflow as tf
    >>> variable = tf.Variable([1.0, 1.0])
    >>> optimizer = NovoGrad(learning_rate=0.5)
    >>> _ = optimizer.apply_gradients([(tf.constant([30.0, -40.0]), variable)])
    >>> print(variable.numpy().round(4))
    [0.7 1.4]
    """

    Config = NovoGradConfig

    def build(self, var_list: Sequence[Variable]) -> None:
        """Create the state slots."""
        super().build(var_list)
        self.momentum = self.add_slot("momentum")
        self.norm = self.add_slot("norm", shape=(), real=True)
        if self.config.amsgrad:
            self.norm_max = self.add_slot("norm_max", shape=(), real=True)

    def update_step(self, gradient: Tensor, variable: Working) -> None:
        """Apply one gradient to one variable."""
        momentum, norm = self.momentum[variable], self.norm[variable]
        gradient = numerics.limited_norm(gradient)
        beta_1, beta_2 = self.scalar(self.config.beta_1, momentum), self.scalar(self.config.beta_2, norm)
        present = tf.square(numerics.global_norm([gradient], tf.float64))
        # Zero says that there was no gradient yet: a count would not tell for a variable that came late.
        first = tf.equal(norm.value, 0)
        # In float64, as the squares of a small norm are 0 in float32.
        decay, before = tf.cast(beta_2, tf.float64), tf.square(tf.cast(norm, tf.float64))
        squared = tf.where(first, present, decay * before + (1 - decay) * present)
        norm.assign(tf.cast(tf.sqrt(squared), norm.dtype))
        if self.config.amsgrad:
            largest = self.norm_max[variable]
            largest.assign(tf.maximum(largest, norm))
            norm = largest
        direction = gradient / tf.cast(norm + self.config.epsilon, gradient.dtype)
        if self.config.weight_decay_rate != 0:
            # The value before any `weight_decay`, so that this one is beside the step as everywhere else.
            direction += self.scalar(self.config.weight_decay_rate, variable) * variable.old
        if self.config.grad_averaging:
            direction *= tf.where(first, tf.ones_like(beta_1), 1 - beta_1)
        momentum.assign(beta_1 * momentum + direction)
        variable.assign_sub(momentum * self.rate(variable))

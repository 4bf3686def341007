"""LARS."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from optiplug import Optimizer, Tensor, Variable, Working, numerics

from .config import LARSConfig
from .trust import excluded, norm, trusted

__all__ = ["LARS"]


class LARS(Optimizer):
    """Momentum SGD with a layerwise trust ratio, for large batches.

    For a variable of at least `min_ndim` dimensions::

        ratio    =  trust_coefficient * norm(variable)
                    / (norm(gradient) + weight_decay_rate * norm(variable) + epsilon)
        velocity <- momentum * velocity
                    - learning_rate * ratio * (gradient + weight_decay_rate * variable)
        variable <- variable + velocity

    The ratio is 1 if the norm of the variable or of the gradient is 0. Variables of fewer
    dimensions, such as biases and the scales of normalization layers, have a ratio of 1 and no
    decay; `exclude_from_adaptation` and `exclude_from_decay` exempt further ones. With `nesterov`
    the last line adds ``momentum * velocity`` and this step's change of the velocity. The keyword
    `weight_decay`, which all optimizers have, shrinks the variable beside this step.

    State: the slot `momentum`, unless that is 0.

    Raises
    ------
    ConfigError
        If a glob of `exclude_from_decay` or `exclude_from_adaptation` matches no variable.

    Differs from
    ------------
    The paper, which adapts and decays every variable: ``min_ndim=0``. optax divides by the norm of
    the sum of gradient and decay, not by the sum of both norms, and adapts all variables unless
    told otherwise.

    References
    ----------
    You, Gitman and Ginsburg 2017, "Large Batch Training of Convolutional Networks",
    arXiv:1708.03888.

    Examples
    --------
    >>> import tensorflow as tf
    >>> kernel, bias = tf.Variable([[6.0, -8.0]], name="kernel"), tf.Variable([1.0], name="bias")
    >>> optimizer = LARS(learning_rate=0.5, trust_coefficient=1.0)
    >>> _ = optimizer.apply_gradients([(tf.constant([[0.0, 20.0]]), kernel), (tf.constant([1.0]), bias)])
    >>> kernel.numpy().round(4).tolist(), bias.numpy().tolist()
    ([[6.0, -13.0]], [0.5])
    """

    Config = LARSConfig

    def build(self, var_list: Sequence[Variable]) -> None:
        """Find what is excluded, and create the slot if there is momentum."""
        super().build(var_list)
        self.undecayed = excluded(self, "exclude_from_decay")
        self.unadapted = excluded(self, "exclude_from_adaptation")
        if self.config.momentum != 0:
            self.momentum = self.add_slot("momentum")

    def update_step(self, gradient: Tensor, variable: Working) -> None:
        """Apply one gradient to one variable."""
        change = -self.rate(variable) * self._direction(gradient, variable)
        if self.config.momentum == 0:
            variable.assign_add(change)
            return
        momentum, velocity = self.scalar(self.config.momentum, variable), self.momentum[variable]
        # The rate is inside the velocity, as in `sgd`: a new rate leaves past steps as they were.
        velocity.assign(momentum * velocity + change)
        variable.assign_add(momentum * velocity + change if self.config.nesterov else velocity)

    def _direction(self, gradient: Tensor, variable: Working) -> Tensor:
        """Return gradient and decay times the trust ratio."""
        # Norm and decay take the value before decoupled decay, which changes the variable by itself.
        config, high = self.config, variable.shape.rank >= self.config.min_ndim
        real = variable.dtype.real_dtype
        direction, decay = gradient, self.scalar(0.0, real)
        if config.weight_decay_rate != 0 and high and variable.path not in self.undecayed:
            decay = self.scalar(config.weight_decay_rate, real)
            direction = gradient + tf.cast(decay, gradient.dtype) * variable.old
        if not high or variable.path in self.unadapted:
            return direction
        norms = norm(variable.old), norm(gradient)
        coefficient, epsilon = (
            self.scalar(each, tf.float64) for each in (config.trust_coefficient, config.epsilon)
        )
        denominator = norms[1] + tf.cast(decay, tf.float64) * norms[0] + epsilon
        return numerics.scaled(direction, trusted(coefficient * norms[0], denominator, norms))

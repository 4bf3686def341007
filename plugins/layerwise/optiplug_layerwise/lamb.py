"""LAMB."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from optiplug import Moments, Tensor, Variable, Working

from .config import LAMBConfig
from .trust import excluded, norm, trusted

__all__ = ["LAMB"]


class LAMB(Moments):
    """Adam with a layerwise trust ratio, for large batches.

    With ``t = iterations + 1``::

        momentum      <- beta_1 * momentum + (1 - beta_1) * gradient
        second_moment <- beta_2 * second_moment + (1 - beta_2) * gradient^2
        direction     =  (momentum / (1 - beta_1^t)) / (sqrt(second_moment / (1 - beta_2^t)) + epsilon)
        direction     <- direction + weight_decay_rate * variable
        ratio         =  norm(variable) / norm(direction), or 1 if one of these norms is 0
        variable      <- variable - learning_rate * ratio * direction

    So decay is inside the trust ratio. The keyword `weight_decay`, which all optimizers have, is
    decoupled from it: it shrinks the variable beside this step, whose norms are those before.
    ``exclude_from_decay=["*bias"]`` exempts variables from the decay, `exclude_from_adaptation` from
    the ratio.

    State: the slots `momentum` and `second_moment`. For complex variables ``gradient^2`` is
    ``|gradient|^2``, and `second_moment` is real.

    Raises
    ------
    ConfigError
        If a glob of `exclude_from_decay` or `exclude_from_adaptation` matches no variable.

    Differs from
    ------------
    Keras, whose decay is outside of the ratio. The paper's bound on the norm of the variable is
    left out, as in optax and TensorFlow Addons.

    References
    ----------
    You et al. 2020, "Large Batch Optimization for Deep Learning: Training BERT in 76 Minutes",
    arXiv:1904.00962.

    Examples
    --------
    >>> import tensorflow as tf
    >>> variable = tf.Variable([6.0, -8.0])
    >>> optimizer = LAMB(learning_rate=0.5)
    >>> _ = optimizer.apply_gradients([(tf.constant([0.0, -20.0]), variable)])
    >>> variable.numpy().round(4).tolist()
    [6.0, -3.0]
    """

    Config = LAMBConfig

    def build(self, var_list: Sequence[Variable]) -> None:
        """Create the state slots, and find what is excluded."""
        super().build(var_list)
        self.undecayed = excluded(self, "exclude_from_decay")
        self.unadapted = excluded(self, "exclude_from_adaptation")

    def update_step(self, gradient: Tensor, variable: Working) -> None:
        """Apply one gradient to one variable."""
        # Norm and decay take the value before decoupled decay, which changes the variable by itself.
        direction = self._direction(gradient, variable)
        decay = self.config.weight_decay_rate
        if decay != 0 and variable.path not in self.undecayed:
            direction += self.scalar(decay, variable) * variable.old
        step = self.rate(variable)
        if variable.path not in self.unadapted:
            norms = norm(variable.old), norm(direction)
            step *= tf.cast(trusted(*norms, norms), variable.dtype)
        variable.assign_sub(step * direction)

    def _direction(self, gradient: Tensor, variable: Working) -> Tensor:
        m, v = self.update_moments(gradient, variable)
        correction_1, correction_2 = self.once(self.bias_corrections, v)
        epsilon = self.scalar(self.config.epsilon, v)
        root = tf.sqrt(v / correction_2) + epsilon
        return (m / tf.cast(correction_1, m.dtype)) / tf.cast(root, m.dtype)

"""Lion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import tensorflow as tf

from optiplug import Optimizer, Tensor, Variable, Working, numerics

from .config import LionConfig

__all__ = ["Lion"]


class Lion(Optimizer):
    """Steps along the sign of an interpolation between momentum and gradient.

    ::

        variable <- variable - learning_rate * sign(beta_1 * momentum + (1 - beta_1) * gradient)
        momentum <- beta_2 * momentum + (1 - beta_2) * gradient

    Weight decay is decoupled and off unless `weight_decay` is given; the paper advises values 3 to
    10 times larger than for AdamW, as the learning rate is as much smaller.

    The sign of a complex number z is ``z / |z|``, as in `tf.sign` and optax.

    State: the slot `momentum`. The compiled step is fastest with numbers ``beta_1 <= beta_2``, as
    here: with schedules, or with a larger `beta_1`, it copies the momentum.

    Differs from
    ------------
    Keras 2.15, which refuses ``beta_1=0``, and Keras 3, whose learning rate is 1e-3. optax, which
    decays weights by 1e-3 unless told otherwise.

    References
    ----------
    Chen et al. 2023, "Symbolic Discovery of Optimization Algorithms", arXiv:2302.06675.

    Examples
    --------
    >>> import tensorflow as tf
    >>> variable = tf.Variable([1.0, -1.0, 3.0])
    >>> optimizer = Lion(learning_rate=0.5)
    >>> _ = optimizer.apply_gradients([(tf.constant([0.1, -20.0, 0.0]), variable)])
    >>> variable.numpy().tolist()
    [0.5, -0.5, 3.0]
    """

    Config: ClassVar[type[LionConfig]] = LionConfig

    def build(self, var_list: Sequence[Variable]) -> None:
        """Create the state slot."""
        super().build(var_list)
        self.momentum = self.add_slot("momentum")

    def update_step(self, gradient: Tensor, variable: Working) -> None:
        """Apply one gradient to one variable."""
        beta_1, beta_2 = (self.scalar(beta, variable) for beta in (self.config.beta_1, self.config.beta_2))
        momentum, gradient = self.momentum[variable], numerics.limited(gradient, power=1)
        # Before the assignment, after which `momentum` reads its new value.
        direction = beta_1 * momentum + (1 - beta_1) * gradient
        momentum.assign(beta_2 * momentum + (1 - beta_2) * gradient)
        if self._reads_new_momentum:
            direction = beta_1 * momentum + (beta_2 - beta_1) * gradient
        variable.assign_sub(self.rate(variable) * tf.sign(direction))

    @property
    def _reads_new_momentum(self) -> bool:
        """Whether the direction, times beta_2, can be had from the new momentum.

        XLA copies the momentum if its old value is read once more. Both summands have factors of one
        sign then, so nothing cancels that does not cancel in the formula of the paper.
        """
        beta_1, beta_2 = self.config.beta_1, self.config.beta_2
        numbers = isinstance(beta_1, float) and isinstance(beta_2, float)
        return numbers and beta_1 <= beta_2 and beta_2 > 0

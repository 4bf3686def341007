"""Signum and signSGD."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import tensorflow as tf

from optiplug import Optimizer, Tensor, Variable, Working, numerics

from .configs.signum import SignumConfig

__all__ = ["Signum"]


class Signum(Optimizer):
    """Steps along the sign of the momentum, or of the gradient (signSGD).

    ::

        momentum <- beta * momentum + (1 - beta) * gradient
        variable <- variable - learning_rate * sign(momentum)

    with `momentum` as beta. An element whose momentum is 0 stays where it is. With ``momentum=0``
    this is signSGD, the sign of the gradient, without state. The decay of the paper's Signum is
    the keyword `weight_decay`.

    The sign of a complex number z is ``z / |z|``, as in `tf.sign` and optax.

    State: the slot `momentum`, if there is one.

    Differs from
    ------------
    The paper's distributed version, where each worker sends the sign of its own momentum and the
    majority decides: here gradients are summed over the replicas first.

    References
    ----------
    Bernstein, Wang, Azizzadenesheli and Anandkumar 2018, "signSGD: Compressed Optimisation for
    Non-Convex Problems", arXiv:1802.04434.

    Examples
    --------
    >>> import tensorflow as tf
    >>> variable = tf.Variable([1.0, 1.0, 1.0])
    >>> optimizer = Signum(learning_rate=0.25)
    >>> _ = optimizer.apply_gradients([(tf.constant([0.01, -300.0, 0.0]), variable)])
    >>> variable.numpy().tolist()
    [0.75, 1.25, 1.0]
    """

    Config: ClassVar[type[SignumConfig]] = SignumConfig

    def build(self, var_list: Sequence[Variable]) -> None:
        """Create the slot, if there is momentum."""
        super().build(var_list)
        if self.config.momentum != 0:
            self.momentum = self.add_slot("momentum")

    def update_step(self, gradient: Tensor, variable: Working) -> None:
        """Apply one gradient to one variable."""
        direction = gradient
        if self.config.momentum != 0:
            direction = self.momentum[variable]
            direction.assign_add(
                (numerics.limited(gradient, power=1) - direction)
                * (1 - self.scalar(self.config.momentum, variable))
            )
        variable.assign_sub(tf.sign(direction) * self.rate(variable))

"""Gradient descent with momentum."""

from __future__ import annotations

from collections.abc import Sequence

import optiplug
from optiplug import Tensor, Variable, Working

from .config import SGDConfig

__all__ = ["SGD"]


class SGD(optiplug.Optimizer):
    r"""Gradient descent, optionally with momentum or Nesterov momentum.

    With the gradient :math:`g`, the learning rate :math:`\eta` and the momentum :math:`\mu`:

    .. math::

        v &\leftarrow \mu v - \eta g \\
        w &\leftarrow w + v \quad\text{or, with nesterov,}\quad w + \mu v - \eta g

    The learning rate is inside the velocity, as in Keras: a rate that changes leaves the velocity
    gathered so far as it is. Without momentum there is no state and :math:`w \leftarrow w - \eta g`.

    State: one slot, `momentum`, of the shape and dtype of each variable.

    Source: Sutskever, Martens, Dahl and Hinton 2013, *On the importance of initialization and
    momentum in deep learning*.

    Examples
    --------
    >>> import tensorflow as tf
    >>> from optiplug_sgd.sgd import SGD
    >>> optimizer, weight = SGD(0.1, momentum=0.9), tf.Variable(1.0)
    >>> for _ in range(2):
    ...     optimizer.minimize(lambda: weight**2 / 2, [weight])
    >>> round(float(weight), 6)
    0.72
    """

    Config = SGDConfig

    def build(self, var_list: Sequence[Variable]) -> None:
        """Create the slot, if there is momentum."""
        super().build(var_list)
        if self.config.momentum != 0:
            self.momentum = self.add_slot("momentum")

    def update_step(self, gradient: Tensor, variable: Working) -> None:
        """Apply one gradient to one variable."""
        rate = self.rate(variable)
        if self.config.momentum == 0:
            variable.assign_sub(rate * gradient)
            return
        factor, velocity = self.scalar(self.config.momentum, variable), self.momentum[variable]
        velocity.assign(factor * velocity - rate * gradient)
        if self.config.nesterov:
            # `velocity` reads what was assigned to it: this looks ahead from the new one.
            variable.assign_add(factor * velocity - rate * gradient)
        else:
            variable.assign_add(velocity)

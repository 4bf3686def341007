"""Schedule-free gradient descent."""

from __future__ import annotations

from optiplug import Tensor, Working, numerics

from .averaging import ScheduleFree
from .config import ScheduleFreeSGDConfig

__all__ = ["ScheduleFreeSGD"]


class ScheduleFreeSGD(ScheduleFree):
    """SGD with iterate averaging in place of momentum and of a schedule.

    With y the variable, where gradients are taken, and x the weights to evaluate and to keep::

        z      <- z - rate * (gradient + weight_decay * y)
        weight = max_rate^2 / (sum of max_rate^2 over all steps so far)
        x      <- (1 - weight) x + weight z
        y      <- (1 - beta_1) z + beta_1 x

    `rate` is the learning rate, in the first `warmup_steps` a growing part of it, and `max_rate`
    the largest so far; `weight_lr_power` stands for the 2. ``with optimizer.averaged_weights():``
    lets the variables be x, and `finalize_variable_values` leaves them so when training has ended.

    State: the slot `z` and the shared scalars `max_rate` and `weight_sum`. `ScheduleFree` says
    more.

    Differs from
    ------------
    The paper, in that the average is weighted by the largest learning rate so far, as in its
    authors' code and in optax; without a decreasing learning rate both are the same. optax
    evaluates the schedule one step later for the weight than for the step, here it is the same.

    References
    ----------
    Defazio, Yang, Mehta, Mishchenko, Khaled and Cutkosky 2024, "The Road Less Scheduled",
    arXiv:2405.15682.

    Examples
    --------
    >>> import tensorflow as tf
    >>> variable = tf.Variable(1.0)
    >>> optimizer = ScheduleFreeSGD(learning_rate=0.5, beta_1=0.5)
    >>> for _ in range(2):
    ...     _ = optimizer.apply_gradients([(tf.constant(1.0), variable)])
    >>> print(variable.numpy(), optimizer.z[variable].numpy())
    0.125 0.0
    >>> with optimizer.averaged_weights():
    ...     print(variable.numpy())
    0.25
    """

    Config = ScheduleFreeSGDConfig

    def direction(self, gradient: Tensor, variable: Working) -> Tensor:
        """Return the gradient."""
        # So that z, a sum of them, stays finite.
        return numerics.limited(gradient, power=1, terms=2**32)

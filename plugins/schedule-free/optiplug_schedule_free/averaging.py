"""The averaging that schedule-free optimizers share."""

from __future__ import annotations

import abc
from collections.abc import Sequence
from functools import reduce
from typing import ClassVar

import tensorflow as tf

from optiplug import DType, Optimizer, Step, Tensor, Variable, Working, hookimpl, numerics

from .config import ScheduleFreeConfig

__all__ = ["ScheduleFree"]


class ScheduleFree(Optimizer, abc.ABC):
    """Base of schedule-free optimizers, which differ in the direction of their steps.

    The model's variables are y, where gradients are taken. The slot ``z`` is the sequence that
    takes the steps, and x, the weights to evaluate and to keep, is its weighted average. It is not
    stored: ``y = (1 - beta_1) z + beta_1 x`` tells it. With ``rate = learning_rate * min(1, t /
    warmup_steps)`` and ``t = iterations + 1``::

        max_rate   <- max(max_rate, rate)
        weight_sum <- weight_sum + max_rate^weight_lr_power
        weight     =  max_rate^weight_lr_power / weight_sum
        z          <- z - rate * (direction + weight_decay * y)
        x          <- (1 - weight) x + weight z
        y          <- (1 - beta_1) z + beta_1 x

    `max_rate` and `weight_sum` are scalars that all variables share. Where learning rates differ
    from variable to variable the largest of the step counts. `z` has the dtype of the variable, and
    only other slots follow `state_dtype`.

    Weight decay is taken at y and moves z, as the formula says. `weight_decay` and
    `exclude_from_weight_decay` run as they do everywhere, before the update and on y; the update
    then takes whatever has been subtracted from y by that time as a part of the step of z, with its
    warmup, so any other processor that decays is treated alike. What changes y after the update,
    such as a constraint, changes x by 1 / beta_1 of that.

    `finalize_variable_values` makes x of y, and of z too, so that x stays the same if training goes
    on after all, or if it is called again. `averaged_weights` changes no state.

    `beta_1` is a number and not a schedule, since x is found from the y of an earlier step.
    """

    Config: ClassVar[type[ScheduleFreeConfig]] = ScheduleFreeConfig

    @abc.abstractmethod
    def direction(self, gradient: Tensor, variable: Working) -> Tensor:
        """Return what z moves against, for a learning rate of 1; assign the state that this needs."""

    def build(self, var_list: Sequence[Variable]) -> None:
        """Create the state: z starts at the variable."""
        super().build(var_list)
        dtype = numerics.widest_dtype(var_list)
        # Variables follow z, rounded or not.
        self.z = self.add_slot("z", initial="variable", exact=True)
        self.max_rate = self.add_state("max_rate", dtype=dtype)
        self.weight_sum = self.add_state("weight_sum", dtype=dtype)

    def update_variables(self, gradients: Sequence[Tensor], variables: Sequence[Working]) -> None:
        """Count this step in the weights of the average, then update each variable."""
        dtype = self.max_rate.dtype
        # Most variables share one rate, and then it is one tensor.
        rates = {id(rate): rate for rate in map(self.rate, variables)}.values()
        sizes = [tf.cast(tf.math.real(rate), dtype) for rate in rates]
        rate = reduce(tf.maximum, sizes) * self._warmup(dtype)
        self.max_rate.assign(tf.maximum(self.max_rate, rate))
        self.weight_sum.assign_add(self._raw_weight())
        super().update_variables(gradients, variables)

    def update_step(self, gradient: Tensor, variable: Working) -> None:
        """Move z against its direction, and y along."""
        y, z = variable.old, self.z[variable]
        weight = self.once(self._weight, variable)
        warmup = tf.cast(self.once(self._warmup, variable.dtype.real_dtype), variable.dtype)
        move = self.direction(gradient, variable) * (self.rate(variable) * warmup)
        # Decay has been subtracted from y by its processors; z has to take the same step.
        if variable.assigned:
            move += (y - variable.value) * warmup
        z.assign_sub(move)
        # The formulas of x and y with x eliminated, which has no slot.
        change = (z - y) * weight - move * ((1 - weight) * (1 - self.config.beta_1))
        variable.assign_add(change + (y - variable.value) if variable.assigned else change)

    @hookimpl
    def finalize(self, step: Step) -> None:
        """Put x into the variables, unless a processor has put another average there, and z with them."""
        for variable in step.variables:
            z = self.z[variable]
            # y = (1 - beta_1) z + beta_1 x, solved for x.
            if not variable.assigned:
                variable.assign_add((variable - z) * ((1 - self.config.beta_1) / self.config.beta_1))
            z.assign(variable)

    def _warmup(self, dtype: DType) -> Tensor:
        one = tf.constant(1.0, dtype)
        if not self.config.warmup_steps:
            return one
        return tf.minimum(one, tf.cast(self.iterations + 1, dtype) / self.config.warmup_steps)

    def _raw_weight(self) -> Tensor:
        return tf.pow(tf.convert_to_tensor(self.max_rate), self.config.weight_lr_power)

    def _weight(self, dtype: DType) -> Tensor:
        # A learning rate that starts at 0 has neither weight nor step.
        return tf.cast(tf.math.divide_no_nan(self._raw_weight(), self.weight_sum), dtype)

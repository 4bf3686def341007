"""DoG and L-DoG: distance over gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import tensorflow as tf

from optiplug import State, Tensor, Variable, Working, numerics

from .configs.dog import DoGConfig
from .parameter_free import ParameterFree

__all__ = ["DoG"]


class DoG(ParameterFree):
    """SGD with a step size of distance over gradients, without a learning rate to tune.

    With norms over all variables that have a gradient, or with `layerwise` over each variable by
    itself (L-DoG)::

        max_distance <- max(max_distance, norm(variable - initial))
        square_sum   <- square_sum + norm(gradient)^2
        rate         =  learning_rate * max_distance / sqrt(square_sum + epsilon)
        variable     <- variable - rate * (gradient + weight_decay * variable)

    `max_distance` starts at ``reps_rel * (1 + norm(variable))``, of the variables that the optimizer
    is first built with. The paper evaluates an average of the variables with polynomial decay; an
    average is what processors such as ``ema`` are for.

    State: the slot `initial`, a copy of the variable, and the numbers `max_distance` and
    `square_sum`, shared by all variables, or with `layerwise` two slots of one number each. Use it
    with variables in float32 at least: half precision cannot see the first steps.

    Differs from
    ------------
    The authors' code and optax, which add weight decay to the gradient, so that it counts in
    `square_sum`; here it is decoupled from the gradient, and follows the size of the step, not the
    learning rate alone.

    References
    ----------
    Ivgi, Hinder and Carmon 2023, "DoG is SGD's Best Friend: A Parameter-Free Dynamic Step Size
    Schedule", arXiv:2302.12022.

    Examples
    --------
    >>> import tensorflow as tf
    >>> variable = tf.Variable([0.0, 0.0])
    >>> optimizer = DoG(reps_rel=0.5)
    >>> for _ in range(2):
    ...     _ = optimizer.apply_gradients([(tf.constant([3.0, 4.0]), variable)])
    ...     print(variable.numpy().round(4))
    [-0.3 -0.4]
    [-0.5121 -0.6828]
    """

    Config: ClassVar[type[DoGConfig]] = DoGConfig

    def build(self, var_list: Sequence[Variable]) -> None:
        """Create the state."""
        super().build(var_list)
        # Exact: the variable is subtracted from it, and in a rounded copy small distances would drown.
        self.initial = self.add_slot("initial", initial="variable", exact=True)
        if self.config.layerwise:
            self.max_distance: Any = self.add_slot(
                "max_distance",
                shape=(),
                dtype=tf.float64,
                exact=True,
                initial=lambda variable: self._first_distance([variable]),
            )
            self.square_sum: Any = self.add_slot("square_sum", shape=(), dtype=tf.float64, exact=True)
        else:
            self.max_distance = self.add_state(
                "max_distance", dtype=tf.float64, initial=lambda: self._first_distance(var_list)
            )
            self.square_sum = self.add_state("square_sum", dtype=tf.float64)

    def update_variables(self, gradients: Sequence[Tensor], variables: Sequence[Working]) -> None:
        """Update the norms over all variables, then each variable."""
        if not self.config.layerwise:
            self._update_norms(gradients, variables, self.max_distance, self.square_sum)
        super().update_variables(gradients, variables)

    def update_step(self, gradient: Tensor, variable: Working) -> None:
        """Apply one gradient to one variable."""
        max_distance, square_sum = self.max_distance, self.square_sum
        if self.config.layerwise:
            max_distance, square_sum = max_distance[variable], square_sum[variable]
            self._update_norms([gradient], [variable], max_distance, square_sum)
        found = max_distance / tf.sqrt(square_sum + self.config.epsilon)
        rate = tf.cast(self.rate(variable), found.dtype) * found
        # The rate of gradients near the end of the range of float32 is below that range.
        variable.assign_sub(self.decay(variable, rate) + numerics.scaled(gradient, rate))

    def _update_norms(
        self,
        gradients: Sequence[Tensor],
        variables: Sequence[Working],
        max_distance: State | Working,
        square_sum: State | Working,
    ) -> None:
        """Update the distance from the initial point, and the sum of squared gradient norms."""
        moved = numerics.global_norm(
            [variable.old - self.initial[variable] for variable in variables], tf.float64
        )
        max_distance.assign(tf.maximum(max_distance, moved))
        square_sum.assign_add(tf.square(numerics.global_norm(gradients, tf.float64)))

    def _first_distance(self, variables: Sequence[Variable]) -> Tensor:
        return self.config.reps_rel * (1 + numerics.global_norm(variables, tf.float64))

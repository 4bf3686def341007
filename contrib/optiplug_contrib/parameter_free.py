"""What parameter-free optimizers share: a step size that is estimated from all variables together."""

from __future__ import annotations

import abc
from collections.abc import Callable, Sequence

import tensorflow as tf

from optiplug import DType, Optimizer, Selection, State, Tensor, Variable, Working, numerics

__all__ = ["FARTHEST", "ParameterFree", "total"]

FARTHEST = 2.0**32
"""The largest estimate of a distance: one beyond it has run away, and float32 has no room for its square."""


class ParameterFree(Optimizer, abc.ABC):
    """Base of optimizers that estimate their step size.

    Their learning rate is a factor of that estimate, and close to 1. The keyword `weight_decay` has to
    follow the estimate, so it belongs to their formula (`own_weight_decay`).
    """

    def build(self, var_list: Sequence[Variable]) -> None:
        """Find what `exclude_from_weight_decay` exempts, as no processor does it here.

        Raises
        ------
        ConfigError
            If one of them matches no variable.
        """
        super().build(var_list)
        self.undecayed: frozenset[str] = frozenset()
        if self.config.weight_decay and self.excluded_from_weight_decay:
            globs = Selection(only=self.excluded_from_weight_decay)
            chosen = self.select(globs, self.own_variables, f"{self.name}.exclude_from_weight_decay")
            self.undecayed = frozenset(map(self.path, chosen))

    def add_number(
        self, name: str, var_list: Sequence[Variable], initial: float | Callable[[], Tensor] = 0.0
    ) -> State:
        """Create a scalar that all variables share: float64 if any of them is in double precision."""
        return self.add_state(name, dtype=numerics.widest_dtype(var_list), initial=initial)

    def decay(self, variable: Working, rate: Tensor) -> Tensor:
        """Return what weight decay at this rate takes off a variable."""
        if not self.config.weight_decay or variable.path in self.undecayed:
            return tf.zeros_like(variable.value)
        rate = tf.cast(rate, variable.dtype)
        return variable.value * (self.scalar(self.config.weight_decay, variable) * rate)


def total(tensors: Sequence[Tensor], dtype: DType) -> Tensor:
    """Return the sum of all elements of all tensors as a scalar of this dtype."""
    return tf.add_n([tf.cast(numerics.total(tensor), dtype) for tensor in tensors])

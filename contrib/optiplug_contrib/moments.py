"""What relatives of Adam share: two moments of the gradient, and the corrections of their bias."""

from __future__ import annotations

import abc
from collections.abc import Sequence

import tensorflow as tf

from optiplug import DType, Optimizer, Tensor, Variable

__all__ = ["Moments"]


class Moments(Optimizer, abc.ABC):
    """Base of relatives of Adam, with the slots `momentum` and `second_moment`, zero at first.

    Their configs have the decays of these averages, `beta_1` and `beta_2`.
    """

    def build(self, var_list: Sequence[Variable]) -> None:
        """Create the state slots."""
        super().build(var_list)
        self.momentum = self.add_slot("momentum")
        self.second_moment = self.add_slot("second_moment")

    def bias_corrections(self, dtype: DType) -> tuple[Tensor, Tensor]:
        """Return ``1 - beta_1^t`` and ``1 - beta_2^t``."""
        one, two = self.config.beta_1, self.config.beta_2
        return self.bias_correction(one, dtype), self.bias_correction(two, dtype)

    def adam_correction(self, dtype: DType) -> Tensor:
        """Return ``sqrt(1 - beta_2^t) / (1 - beta_1^t)``, the factor of the quotient of both moments."""
        correction_1, correction_2 = self.once(self.bias_corrections, dtype)
        return tf.sqrt(correction_2) / correction_1

"""Decoupled weight decay that keeps its balance while the learning rate changes."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from optiplug import Step, Tensor, Variable, Working, numerics

from .configs.corrected_weight_decay import CorrectedWeightDecayConfig
from .decoupled import DecoupledDecay

__all__ = ["CorrectedWeightDecay"]


class CorrectedWeightDecay(DecoupledDecay):
    """Decoupled weight decay by the square of the learning rate over its maximum.

    ``variable <- variable - variable * rate * learning_rate^2 / max_rate``. Plain decay by
    ``rate * learning_rate`` lets the gradients of layers before a normalization grow when the
    learning rate falls; this keeps the ratio of their norms to those of the weights. The paper
    corrects the decay of these layers, chosen by `only`, and leaves that of the others plain.

    Without `max_rate` it is the largest learning rate of any selected variable so far, so that the
    decay is plain until the rate begins to fall, and kept as the scalar state `max_rate` (float32,
    float64 if any variable is in double precision). With a warmup, give it.

    Raises
    ------
    ConfigError
        If `rate` is below 0 or `max_rate` not above 0.

    References
    ----------
    Defazio 2025, "Why Gradients Rapidly Increase Near the End of Training", arXiv:2506.02285.

    Examples
    --------
    >>> import tensorflow as tf
    >>> import optiplug
    >>> variable, decay = tf.Variable(8.0), CorrectedWeightDecay(0.5)
    >>> optimizer = optiplug.create("sgd", learning_rate=lambda step: 1 / (step + 1), processors=[decay])
    >>> for _ in range(2):
    ...     _ = optimizer.apply_gradients([(tf.constant(0.0), variable)])
    ...     print(variable.numpy())
    4.0
    3.5
    """

    Config = CorrectedWeightDecayConfig

    def build(self, variables: Sequence[Variable]) -> None:
        """Create the largest learning rate, unless it is given."""
        super().build(variables)
        if self.config.max_rate is None:
            self.max_rate = self.add_state("max_rate", dtype=numerics.widest_dtype(variables))

    def coefficients(self, gradients: Sequence[Tensor], step: Step) -> Sequence[Tensor]:
        """Return the rate times the corrected learning rate."""
        peak = self._peak(step)
        return [self._coefficient(variable, peak, step) for variable in step.variables]

    def _coefficient(self, variable: Working, peak: Tensor, step: Step) -> Tensor:
        rate = step.rate(variable)
        # While all rates have been 0, such as at the start of a warmup, their maximum is 0 too.
        corrected = rate * tf.math.divide_no_nan(rate, tf.cast(peak, rate.dtype))
        return step.scalar(self.config.rate, variable) * corrected

    def _peak(self, step: Step) -> Tensor:
        if self.config.max_rate is not None:
            return tf.constant(self.config.max_rate, tf.float64)
        peak = self.max_rate.value
        # Most variables share one tensor of their rate.
        for rate in {id(each): each for each in map(step.rate, step.variables)}.values():
            peak = tf.maximum(peak, tf.cast(tf.math.real(rate), peak.dtype))
        self.max_rate.assign(peak)
        return peak

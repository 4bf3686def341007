"""Amplification of slow gradients."""

from __future__ import annotations

from collections.abc import Sequence

from optiplug import Processor, Step, Tensor, Variable, Working, hookimpl, numerics

from .configs.grokfast import GrokfastConfig

__all__ = ["Grokfast"]


class Grokfast(Processor):
    """Amplify the slow component of the gradients, their moving average.

    ::

        average <- alpha * average + (1 - alpha) * gradient
        gradient <- gradient + lamb * average

    which amplifies what changes slowly from step to step, as the gradients that lead to
    generalization long after the training data are fitted do. This is the form with an exponential
    moving average (Grokfast-EMA). With `lamb` 0 no operation is added. The state is the slot
    ``average``, which starts at 0. Listed before a clip it is clipped as a whole; the paper adds
    weight decay, which comes after.

    Raises
    ------
    ConfigError
        If `alpha` is outside [0, 1) or `lamb` below 0.

    Differs from
    ------------
    The authors' code, whose average starts as the first gradient and not at 0: that gradient has
    the weight ``alpha`` to the number of steps there, and ``1 - alpha`` times it here.

    References
    ----------
    Lee, Kang, Kim and Lee 2024, "Grokfast: Accelerated Grokking by Amplifying Slow Gradients",
    arXiv:2405.20233.

    Examples
    --------
    >>> import tensorflow as tf
    >>> import optiplug
    >>> variable = tf.Variable(0.0)
    >>> slow = Grokfast(alpha=0.5, lamb=2.0)
    >>> optimizer = optiplug.create("sgd", learning_rate=1.0, processors=[slow])
    >>> for _ in range(2):
    ...     _ = optimizer.apply_gradients([(tf.constant(1.0), variable)])
    ...     print(variable.numpy(), slow.average[variable].numpy())
    -2.0 0.5
    -4.5 0.75
    """

    Config = GrokfastConfig

    def build(self, variables: Sequence[Variable]) -> None:
        """Create the averages."""
        super().build(variables)
        self.average = self.add_slot("average")

    @property
    def idle(self) -> bool:
        """Whether nothing of the average is added."""
        return bool(self.config.lamb == 0)

    @hookimpl
    def clip(self, gradients: Sequence[Tensor], step: Step) -> list[Tensor]:
        """Average each gradient, and amplify it."""
        pairs = zip(gradients, step.variables, strict=True)
        return [self._amplified(gradient, variable, step) for gradient, variable in pairs]

    def _amplified(self, gradient: Tensor, variable: Working, step: Step) -> Tensor:
        average, gradient = self.average[variable], numerics.limited(gradient, power=1, terms=2**10)
        alpha = step.scalar(self.config.alpha, variable)
        average.assign(alpha * average + (1 - alpha) * gradient)
        return gradient + step.scalar(self.config.lamb, variable) * average

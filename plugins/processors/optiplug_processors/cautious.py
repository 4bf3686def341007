"""Cautious updates around any optimizer."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from optiplug import Processor, Step, Tensor, hookimpl, numerics

from .configs.cautious import CautiousConfig

__all__ = ["Cautious"]


class Cautious(Processor):
    """Mask the elements of an update that point up the gradient, and rescale the rest.

    ``keep = update * gradient < 0``; ``update <- keep * update / max(mean(keep), min_share)``, where
    the mean goes over the elements of one variable, so that a variable moves as far as before. The
    gradient is the one that the optimizer got, clipped and with coupled decay. Plain descent moves
    every element down and stays as it is, but elements whose gradient is exactly 0 count as left
    out: where only a few rows of a table have a gradient, these move up to ``1 / min_share`` times
    as far, so ``skip`` tables.

    Raises
    ------
    ConfigError
        If `min_share` is not in (0, 1].

    Differs from
    ------------
    The listing in the paper, which adds a small number to the mean; the authors' code has this
    lower bound instead, without which a single element that is kept would move very far.

    References
    ----------
    Liang, Chen, Liu and Liu 2024, "Cautious Optimizers: Improving Training with One Line of Code",
    arXiv:2411.16085.

    Examples
    --------
    >>> import tensorflow as tf
    >>> import optiplug
    >>> variable = tf.Variable([0.0, 0.0])
    >>> optimizer = optiplug.create("sgd", learning_rate=1.0, momentum=0.5, processors=[Cautious()])
    >>> for gradient in ([4.0, 4.0], [-1.0, 1.0]):  # in the second step the first element goes up
    ...     _ = optimizer.apply_gradients([(tf.constant(gradient), variable)])
    ...     print(variable.numpy())
    [-4. -4.]
    [ -4. -10.]
    """

    Config = CautiousConfig

    @hookimpl
    def update(self, updates: Sequence[Tensor], step: Step) -> list[Tensor]:
        """Mask and enlarge each update."""
        pairs = zip(updates, step.gradients, strict=True)
        return [self._kept(update, gradient, step) for update, gradient in pairs]

    def _kept(self, update: Tensor, gradient: Tensor, step: Step) -> Tensor:
        # The real part of the product with the conjugate is the inner product of two complex numbers.
        # Of their signs, as the product of two tiny numbers is 0.
        keep = tf.cast(tf.math.real(tf.sign(update) * tf.math.conj(tf.sign(gradient))) < 0, update.dtype)
        # The squares of zeros and ones are themselves, so this counts what is kept.
        share = numerics.sum_of_squares(keep) / max(update.shape.num_elements(), 1)
        share = tf.maximum(share, step.scalar(self.config.min_share, share))
        return update * keep / tf.cast(share, update.dtype)

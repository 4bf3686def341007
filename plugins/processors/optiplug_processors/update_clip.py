"""Clipping of updates by their root mean square."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from optiplug import Processor, Step, Tensor, Working, hookimpl, numerics

from .configs.update_clip import UpdateClipConfig
from .norms import shrinkage

__all__ = ["UpdateClip"]


class UpdateClip(Processor):
    """Clip each update by its root mean square, as in Adafactor.

    What an optimizer adds to a variable has the learning rate in it: ``update = -rate * direction``.
    It becomes ``update / max(1, rms(direction) / threshold)``, where ``rms`` is the root of the mean
    of the squares over one variable. The state of the optimizer does not see it. Where the rate is 0
    nothing moves.

    Raises
    ------
    ConfigError
        If `threshold` is not above 0.

    References
    ----------
    Shazeer and Stern 2018, "Adafactor: Adaptive Learning Rates with Sublinear Memory Cost",
    arXiv:1804.04235, section 6.

    Examples
    --------
    >>> import tensorflow as tf
    >>> import optiplug
    >>> large, small = tf.Variable([0.0, 0.0]), tf.Variable([0.0, 0.0])
    >>> optimizer = optiplug.create("sgd", learning_rate=0.5, processors=[UpdateClip(2.0)])
    >>> gradients = [tf.constant([-8.0, 8.0]), tf.constant([-1.0, 1.0])]
    >>> _ = optimizer.apply_gradients(zip(gradients, [large, small]))
    >>> print(large.numpy(), small.numpy())
    [ 1. -1.] [ 0.5 -0.5]
    """

    Config = UpdateClipConfig

    @hookimpl
    def update(self, updates: Sequence[Tensor], step: Step) -> list[Tensor]:
        """Scale each update by a factor of its own."""
        pairs = zip(updates, step.variables, strict=True)
        return [self._clipped(update, variable, step) for update, variable in pairs]

    def _clipped(self, update: Tensor, variable: Working, step: Step) -> Tensor:
        rms = numerics.global_norm([update], tf.float64) / max(update.shape.num_elements(), 1) ** 0.5
        rate = tf.math.real(step.rate(variable))
        # The threshold times the rate and not the update over it, as the rate may be 0.
        bound = step.scalar(self.config.threshold, rms) * tf.cast(rate, rms.dtype)
        return numerics.scaled(update, shrinkage(rms, bound))

"""Loss scaling."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from optiplug import BuildError, Processor, Step, Tensor, Variable, hookimpl, numerics

from .configs.loss_scale import LossScaleConfig

__all__ = ["LossScale"]


class LossScale(Processor):
    """Static or dynamic loss scaling, for gradients in half precision.

    ::

        loss_to_differentiate = scale * loss
        gradient <- gradient / scale

    so that gradients too small for half precision reach the step. `minimize`, Keras' `fit` and
    ``optiplug train`` scale the loss by themselves; in a loop of your own, differentiate
    ``optimizer.scale_loss(loss)`` and hand the gradients over as they come, in one call of
    `apply_gradients`. A call without a loss that was scaled is refused, and one whose gradients hold
    a NaN or an infinity changes nothing and does not count as an iteration. Multiplying and
    dividing by a power of two is exact: while nothing overflows or vanishes, training is the same to
    the last bit, whatever the scale.

    The scale starts at `initial_scale` (2^15). With `dynamic` (the default) an overflow divides it
    by `multiplier` (2), but not below `minimum` (1), and `dynamic_growth_steps` (2000) calls in a
    row without one multiply it, unless it would overflow itself. Then the state is ``scale``
    (float32) and ``good_steps`` (int64), the calls since it last changed; otherwise there is none.

    List it first: accumulation then sums gradients that are scaled back, and an overflow does not
    reach it. Clips and decay come after all gates, so they see true gradients in any case.

    Raises
    ------
    ConfigError
        If `initial_scale` or `minimum` is not above 0, `multiplier` not above 1,
        `dynamic_growth_steps` below 1, `minimum` above `initial_scale`, or for a selector.
    BuildError
        If a loss is to be scaled before the optimizer is built, or twice, or if gradients come of
        a loss that was not scaled.

    Differs from
    ------------
    `LossScaleOptimizer` of Keras, which counts an overflow as an iteration, applies the step all
    the same if the scale is not dynamic, and has the caller scale gradients back.

    References
    ----------
    Micikevicius et al. 2018, "Mixed Precision Training", arXiv:1710.03740, section 3.2.

    Examples
    --------
    >>> import tensorflow as tf
    >>> import optiplug
    >>> variable, scaling = tf.Variable(1.0), LossScale(initial_scale=1024.0)
    >>> optimizer = optiplug.create("sgd", learning_rate=1.0, processors=[scaling])
    >>> optimizer.build([variable])
    >>> for factor in (0.5, float("inf"), 0.25):
    ...     with tf.GradientTape() as tape:
    ...         loss = optimizer.scale_loss(factor * variable)
    ...     _ = optimizer.apply_gradients([(tape.gradient(loss, variable), variable)])
    ...     print(variable.numpy(), scaling.scale.numpy())
    0.5 1024.0
    0.5 512.0
    0.25 512.0
    """

    Config = LossScaleConfig

    def build(self, variables: Sequence[Variable]) -> None:
        """Create the scale and the count, if the scale adapts."""
        super().build(variables)
        if self.config.dynamic:
            self.scale = self.add_state("scale", dtype=tf.float32, initial=self.config.initial_scale)
            self.good_steps = self.add_state("good_steps", dtype="int64")

    def scale_loss(self, loss: Tensor) -> Tensor:
        """Return the loss to differentiate, given the one to minimize."""
        loss = tf.convert_to_tensor(loss)
        return loss * tf.cast(self._current(), loss.dtype)

    @hookimpl
    def gate(self, gradients: Sequence[Tensor], step: Step) -> tuple[list[Tensor], Tensor]:
        """Scale the gradients back, and go on if every element is finite."""
        scale = self._current()
        unscaled = [gradient / tf.cast(scale, gradient.dtype) for gradient in gradients]
        finite = numerics.all_finite(unscaled)
        if self.config.dynamic:
            self._adapt(scale, finite)
        return unscaled, finite

    def _current(self) -> Tensor:
        if not self.config.dynamic:
            return tf.constant(self.config.initial_scale)
        if "scale" not in vars(self):
            # A constant in its place would stay in the caller's trace after the scale has changed.
            raise BuildError(
                "a loss cannot be scaled before the optimizer is built: the scale is part of its state",
                where=f"{type(self).__name__}.scale_loss",
                hint="call `optimizer.build(variables)` first",
            )
        return self.scale.value

    def _adapt(self, scale: Tensor, finite: Tensor) -> None:
        config = self.config
        good_steps = self.good_steps + 1
        grows = tf.greater_equal(good_steps, config.dynamic_growth_steps)
        grown = scale * config.multiplier
        # An infinite scale would make every later step an overflow of its own.
        grown = tf.where(tf.math.is_finite(grown), grown, scale)
        shrunk = tf.maximum(scale / config.multiplier, config.minimum)
        self.scale.assign(tf.where(finite, tf.where(grows, grown, scale), shrunk))
        counts_on = tf.logical_and(finite, tf.logical_not(grows))
        self.good_steps.assign(tf.where(counts_on, good_steps, 0))

"""Gradient noise."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from optiplug import DType, Processor, Shape, Step, Tensor, Working, hookimpl, numerics

from .configs.add_noise import AddNoiseConfig

__all__ = ["AddNoise"]


class AddNoise(Processor):
    """Add annealed Gaussian noise to every gradient.

    ``gradient <- gradient + normal(0, variance)`` with ``variance = eta / (1 + iteration)^gamma``,
    independent for each element; complex elements have half of the variance in either part. With
    `eta` 0 no operation is added. The numbers follow from `seed`, the iteration and the variable's
    path, so every device draws the same and a resumed run goes on with the same stream.
    To clip the gradient and not the noise, list the clip before.

    Raises
    ------
    ConfigError
        If `eta` or `gamma` is below 0 or `seed` is no integer of 31 bits.

    References
    ----------
    Neelakantan et al. 2015, "Adding Gradient Noise Improves Learning for Very Deep Networks",
    arXiv:1511.06807.

    Examples
    --------
    >>> import tensorflow as tf
    >>> import optiplug
    >>> def walk(seed):
    ...     variable = tf.Variable([0.0], name="w")
    ...     optimizer = optiplug.create("sgd", learning_rate=1.0, processors=[AddNoise(seed=seed)])
    ...     _ = optimizer.apply_gradients([(tf.constant([0.0]), variable)])
    ...     return variable.numpy().item()
    >>> walk(1) == walk(1), walk(1) == walk(2)
    (True, False)
    """

    Config = AddNoiseConfig

    @property
    def idle(self) -> bool:
        """Whether the variance is 0."""
        return bool(self.config.eta == 0)

    @hookimpl
    def clip(self, gradients: Sequence[Tensor], step: Step) -> list[Tensor]:
        """Add this step's noise."""
        pairs = zip(gradients, step.variables, strict=True)
        return [gradient + self._noise(gradient, variable, step) for gradient, variable in pairs]

    def _noise(self, gradient: Tensor, variable: Working, step: Step) -> Tensor:
        seed = step.seed(variable, self.config.seed)
        normal = _standard_normal(gradient.shape, seed, gradient.dtype)
        dtype = numerics.scalar_dtype(gradient.dtype)
        eta = step.scalar(self.config.eta, dtype)
        # In float32 at least: half precision has no number as small as it becomes.
        variance = eta / tf.cast(step.iteration + 1, dtype) ** self.config.gamma
        return tf.cast(tf.sqrt(variance), gradient.dtype) * normal


def _standard_normal(shape: Shape, seed: Tensor, dtype: DType) -> Tensor:
    """Return numbers of mean 0 and variance 1, complex ones with a half of it in either part."""
    if not dtype.is_complex:
        return numerics.random_normal(shape, seed, dtype)
    # One draw for both parts, as two from one seed would be equal.
    real, imaginary = tf.unstack(numerics.random_normal([2, *shape], seed, dtype) * 0.5**0.5)
    return tf.complex(real, imaginary)

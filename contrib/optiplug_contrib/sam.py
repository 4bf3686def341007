"""Sharpness-aware minimization."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

import tensorflow as tf

from optiplug import (
    ConfigError,
    Gradient,
    Optimizer,
    OptimizerConfig,
    ReplicaContextError,
    Tensor,
    Variable,
    Working,
    numerics,
)

from .configs.sam import SAMConfig

__all__ = ["SAM"]


class SAM(Optimizer):
    """Sharpness-aware minimization around another optimizer.

    `minimize` and `compute_gradients` evaluate the loss twice, with all variables in one norm::

        perturbation =  rho * gradient(variable) / norm(gradient(variable))
        gradient     =  gradient(variable + perturbation)

    With `adaptive`, ``|variable|^2 * gradient / norm(|variable| * gradient)`` takes the place of the
    quotient in the first line, so that the perturbation does not depend on the scale of the
    variables. After that the variables have their
    own values again, bit for bit, and `optimizer` takes its step with the second gradients. Where
    the first gradients are all zero nothing is perturbed. So that the loss can be evaluated twice it
    must be a callable; random numbers in it, and its updates of moving averages, are drawn and made
    twice. `apply_gradients` alone is a plain step of `optimizer`. The replicas of a strategy perturb
    along the sum of their gradients.

    `rho` is in units of the variables; with `adaptive` larger values are usual, such as 0.5. There is
    no learning rate and no state: both are those of `optimizer`, whose state is named
    ``optimizer/...``.

    Raises
    ------
    ConfigError
        If the loss is a tensor, or if variables are on a DTensor mesh.
    ReplicaContextError
        If `minimize` is called under a strategy, but not inside of `strategy.run`.

    Differs from
    ------------
    The authors' code of ASAM, which adds 0.01 to ``|variable|``, for weights only.

    References
    ----------
    Foret, Kleiner, Mobahi and Neyshabur 2021, "Sharpness-Aware Minimization for Efficiently
    Improving Generalization", arXiv:2010.01412.
    Kwon, Kim, Park and Choi 2021, "ASAM: Adaptive Sharpness-Aware Minimization for Scale-Invariant
    Learning of Deep Neural Networks", arXiv:2102.11600.

    Examples
    --------
    >>> import tensorflow as tf
    >>> variable = tf.Variable([3.0, 4.0])
    >>> optimizer = SAM(optimizer={"use": "sgd", "learning_rate": 0.5}, rho=5.0)
    >>> optimizer.minimize(lambda: tf.reduce_sum(variable**2) / 2, [variable])
    >>> variable.numpy().tolist()
    [0.0, 0.0]
    """

    Config: ClassVar[type[SAMConfig]] = SAMConfig

    def groups(
        self, variables: Sequence[Variable]
    ) -> Mapping[str, tuple[OptimizerConfig, Sequence[Variable]]]:
        """Leave every variable to the optimizer inside."""
        return {"optimizer": (self.config.optimizer, variables)}

    def update_step(self, gradient: Tensor, variable: Working) -> None:
        """Never run: no variable is left for it."""
        raise NotImplementedError("every variable is updated by the optimizer inside")

    def compute_gradients(
        self,
        loss: Tensor | Callable[[], Tensor],
        var_list: Sequence[Variable] | Callable[[], Sequence[Variable]],
        tape: tf.GradientTape | None = None,
    ) -> list[tuple[Gradient | None, Variable]]:
        """Return (gradient, variable) pairs, with the gradients at the perturbed variables."""
        self._require_two_passes(loss)
        pairs = super().compute_gradients(loss, var_list)
        given = [variable for _, variable in pairs]
        pairs = [(gradient, variable) for gradient, variable in pairs if gradient is not None]
        variables = [_unwrapped(variable) for _, variable in pairs]
        if any(isinstance(variable, tf.experimental.dtensor.DVariable) for variable in variables):
            self.build(variables)  # which refuses them, before they are perturbed
        # Copies, because taking the perturbation off again would not give the same bits.
        own = [variable.read_value() for variable in variables]
        try:
            if pairs:
                _assign(variables, self._perturbed(own, self.aggregate_gradients(pairs)))
            return super().compute_gradients(loss, given, tape)
        finally:
            _assign(variables, own)

    def _require_two_passes(self, loss: Tensor | Callable[[], Tensor]) -> None:
        if not callable(loss):
            raise ConfigError(
                "the loss must be a callable, as it is evaluated twice",
                where=f"{self.name}.minimize",
                received=type(loss).__name__,
                hint="write `optimizer.minimize(lambda: loss(...), variables)`",
            )
        if tf.distribute.in_cross_replica_context():
            raise ReplicaContextError(
                "`minimize` must be called in a replica context",
                where=self.name,
                hint="call it inside the function that you pass to `strategy.run`",
            )

    def _perturbed(
        self, values: Sequence[Tensor], pairs: Sequence[tuple[Gradient, Variable]]
    ) -> list[Tensor]:
        """Return the values plus their perturbations."""
        computed = [tf.cast(value, numerics.compute_dtype(value.dtype)) for value in values]
        gradients = [_dense(gradient, value) for (gradient, _), value in zip(pairs, computed, strict=True)]
        if self.config.adaptive:
            # Their scale does not matter, and sizes times gradients may overflow.
            gradients = [numerics.scaled(each, _inverse_norm(gradients)) for each in gradients]
            sizes = [tf.cast(tf.abs(value), value.dtype) for value in computed]
            gradients = [size * gradient for size, gradient in zip(sizes, gradients, strict=True)]
        scale = self.config.rho * _inverse_norm(gradients)
        steps = [numerics.scaled(gradient, scale) for gradient in gradients]
        if self.config.adaptive:
            steps = [size * step for size, step in zip(sizes, steps, strict=True)]
        sums = [value + step for value, step in zip(computed, steps, strict=True)]
        return [tf.cast(total, value.dtype) for total, value in zip(sums, values, strict=True)]


def _inverse_norm(gradients: Sequence[Tensor]) -> Tensor:
    return tf.math.divide_no_nan(tf.constant(1.0, tf.float64), numerics.global_norm(gradients, tf.float64))


def _unwrapped(variable: Variable) -> Variable:
    """Return the tf.Variable, which a variable of Keras 3 wraps."""
    return variable if isinstance(variable, tf.Variable) else variable.value


def _dense(gradient: Gradient, value: Tensor) -> Tensor:
    """Return a gradient as a tensor of the dtype and the shape of `value`."""
    if isinstance(gradient, tf.IndexedSlices):
        rows = tf.cast(gradient.values, value.dtype)
        return tf.math.unsorted_segment_sum(rows, gradient.indices, value.shape[0])
    return tf.cast(gradient, value.dtype)


def _assign(variables: Sequence[Variable], values: Sequence[Tensor]) -> None:
    """Assign each replica's own values to its own components of the variables."""
    if not tf.distribute.has_strategy():
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
        return

    def update(strategy: tf.distribute.Strategy, merged: Sequence[Tensor]) -> None:
        for variable, value in zip(variables, merged, strict=True):
            strategy.extended.update(variable, _put, args=(value,), group=False)

    tf.distribute.get_replica_context().merge_call(update, args=(list(values),))


def _put(own: Variable, value: Tensor) -> Variable:
    return own.assign(value)

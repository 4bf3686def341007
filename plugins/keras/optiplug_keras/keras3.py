"""The adapter for Keras 3 on TensorFlow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import keras

import optiplug
from optiplug import Gradient, Tensor, Variable

from .adapter import Adapter, register
from .averages import averages_of

__all__ = ["KerasAdapter"]


class KerasAdapter(Adapter, keras.optimizers.Optimizer):  # type: ignore[misc]  # Keras is untyped
    """An optimizer of optiplug as a `keras.optimizers.Optimizer`; `optiplug_keras.wrap` makes one.

    Parameters
    ----------
    optimizer
        The optimizer that takes the steps and keeps the state.

    Raises
    ------
    ConfigError
        If Keras runs on another backend than TensorFlow.

    Examples
    --------
    >>> import keras, optiplug, optiplug_keras
    >>> adapter = optiplug_keras.KerasAdapter(optiplug.create("sgd", learning_rate=0.5))
    >>> weight = keras.Variable([1.0, 2.0])
    >>> adapter.apply([keras.ops.ones(2)], [weight])
    >>> weight.numpy().tolist()
    [0.5, 1.5]
    """

    def __init__(self, optimizer: optiplug.Optimizer) -> None:
        if keras.backend.backend() != "tensorflow":
            raise optiplug.ConfigError(
                "Keras must run on TensorFlow",
                received=keras.backend.backend(),
                hint="set KERAS_BACKEND=tensorflow before Keras is imported",
            )
        if type(optimizer).compute_gradients is not optiplug.Optimizer.compute_gradients:
            raise optiplug.ConfigError(
                "Keras computes gradients by itself, and this optimizer has to",
                where=optimizer.name,
                hint="train it by `optimizer.minimize` in a loop of your own",
            )
        # For a rate that is a function Keras makes no variable.
        super().__init__(optimizer, learning_rate=lambda: optimizer.learning_rate)
        del self._iterations, self._variables  # Keras' own, which a checkpoint would have beside ours

    @property
    def variables(self) -> list[optiplug.State]:
        """The state, as what Keras takes for its own variables."""
        return list(self.optimizer.state.states.values())

    @property
    def _model_variables_moving_average(self) -> list[Any]:
        """The averages, in the order of the variables, which `SwapEMAWeights` of Keras swaps with them."""
        return averages_of(self.optimizer, self._trainable_variables)

    def build(self, variables: Sequence[Variable]) -> None:
        """Create the state for these variables, if there are any."""
        if not variables:
            return
        self._build([variable for variable in variables if not _computed(variable)])
        # Set so, they are not tracked: a checkpoint of the optimizer has no place for the model.
        self.__dict__["_trainable_variables"] = list(variables)
        self.built = True

    def apply(
        self, grads: Sequence[Gradient | None], trainable_variables: Sequence[Variable] | None = None
    ) -> None:
        """Take one step with these gradients, of these variables or of those it was built with."""
        variables = self._trainable_variables if trainable_variables is None else list(trainable_variables)
        self.build(variables)
        pairs = [pair for pair in zip(grads, variables, strict=True) if not _computed(pair[1])]
        # The scales of float8 layers: what comes as their gradient is assigned, and no optimizer sees it.
        for gradient, variable in zip(grads, variables, strict=True):
            if _computed(variable) and gradient is not None:
                variable.assign(gradient)
        # Keras multiplies the loss by it in `scale_loss`, and leaves the division to `apply`.
        if self.loss_scale_factor is not None:
            pairs = [
                (None if gradient is None else keras.ops.divide(gradient, self.loss_scale_factor), variable)
                for gradient, variable in pairs
            ]
        self.optimizer.apply_gradients(pairs)

    def scale_loss(self, loss: Tensor) -> Tensor:
        """Return the loss to be differentiated: multiplied by the scale of a processor or of Keras."""
        return super().scale_loss(keras.optimizers.Optimizer.scale_loss(self, loss))

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Gradient | None, Variable]]) -> Variable:
        """Take one step with these (gradient, variable) pairs and return `iterations`."""
        pairs = list(grads_and_vars)
        self.apply([gradient for gradient, _ in pairs], [variable for _, variable in pairs])
        return self.iterations


def _computed(variable: Variable) -> bool:
    """Say whether the "gradient" of a variable is its new value, as for the scales of float8."""
    return bool(getattr(variable, "overwrite_with_gradient", False))


register(keras.saving, KerasAdapter, "KerasAdapter")
# A model that is loaded may have a schedule of ours as the rate of an optimizer of Keras.
register(keras.saving, optiplug.Schedule, "Schedule")

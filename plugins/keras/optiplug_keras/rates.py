"""The learning rate that callbacks of Keras read and set: one number for all optimizers inside of one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import tensorflow as tf

import optiplug
from optiplug import Tensor, Variable

__all__ = ["Rates"]

Number: TypeAlias = int | float | np.number | np.ndarray | tf.Tensor | tf.Variable


class Rates:
    """The learning rates of an optimizer and of those inside of it, which keep their proportions.

    What is read is the first. A number that is set becomes the first, and all others change by the same
    factor; as long as there is nothing inside yet, the factor waits for `settle`.
    """

    def __init__(self, optimizer: optiplug.Optimizer) -> None:
        self._optimizer, self._factor = optimizer, 1.0
        self._given = list(_given(optimizer.config))

    def read(self) -> Variable | Tensor:
        """Return the first rate, as something that tf_keras assigns to.

        Raises
        ------
        ConfigError
            If there is none.
        """
        held = _holders(self._optimizer)
        if not held and not self._given:
            raise optiplug.ConfigError("has no learning rate", where=self._optimizer.name)
        first = held[0].learning_rate if held else self._first_given() * self._factor
        # Keras reads it as it is where a step is traced; only callbacks assign.
        alone = len(held) == 1 and len(self._given) <= 1 and self._is_own(first)
        return first if alone or not tf.executing_eagerly() else _Rate(tf.convert_to_tensor(first), self.set)

    def set(self, value: Any) -> None:
        """Set the first rate, and the others by the same factor; or a schedule in the place of the only one.

        Raises
        ------
        ConfigError
            If it is no rate, if one of them follows a schedule or a function, or if the first began at 0.
        """
        held = _holders(self._optimizer)
        if not isinstance(value, Number):
            self._optimizer.learning_rate = value
            return
        self._require_numbers(held)
        if len(held) == 1 and len(self._given) <= 1:
            held[0].learning_rate = value
            return
        wanted, first = float(value), float(held[0].learning_rate) if held else 0.0
        # Of rates that are 0 now the proportions are those that were given.
        before = [float(each.learning_rate) for each in held] if first else self._given
        if not before[0]:
            raise optiplug.ConfigError(
                "rates that are to keep their proportions cannot begin at 0",
                where=f"{self._optimizer.name}.learning_rate",
                received=before,
                hint="give the first one a number above 0",
            )
        factor = wanted / before[0]
        if len(held) < len(self._given):
            self._factor = wanted / self._first_given()
        for each, rate in zip(held, before, strict=False):
            each.learning_rate = wanted if each is held[0] else rate * factor

    def settle(self) -> None:
        """Apply the factor that was set before there was anything inside."""
        factor, self._factor = self._factor, 1.0
        if factor == 1:
            return
        # In the function that trains the model nothing has a value while it is traced.
        with tf.init_scope():
            for each in _holders(self._optimizer):
                if each is not self._optimizer:
                    each.learning_rate = float(each.learning_rate) * factor

    def require_settled(self) -> None:
        """Refuse to tell of rates that are not what they were set to.

        Raises
        ------
        ConfigError
            If a factor waits.
        """
        if self._factor != 1:
            raise optiplug.ConfigError(
                "the learning rate was set, and there are no optimizers inside yet that have it",
                where=f"{self._optimizer.name}.learning_rate",
                hint="build it first: `model.optimizer.build(model.trainable_variables)`",
            )

    def _first_given(self) -> float:
        if isinstance(self._given[0], int | float):
            return self._given[0]
        # A schedule counts as what it begins with.
        return float(optiplug.Schedule.of(self._given[0])(tf.constant(0.0)))

    def _require_numbers(self, held: Sequence[optiplug.Optimizer]) -> None:
        rates = [each.learning_rate for each in held] if len(held) >= len(self._given) else self._given
        follows = [each for each in rates if not isinstance(each, int | float) and not self._is_own(each)]
        if follows:
            raise optiplug.ConfigError(
                "a learning rate that follows a schedule, a function or a variable cannot be set to a number",
                where=f"{self._optimizer.name}.learning_rate",
                received=follows,
                hint="compile with a number, or set `model.optimizer.optimizer.learning_rate` before `fit`",
            )

    def _is_own(self, rate: object) -> bool:
        """Whether a rate is a number, which is in a variable of the optimizer."""
        return any(rate is state.variable for state in self._optimizer.state.states.values())


class _Rate(optiplug.State):
    """The value of a learning rate; assigning to it sets the rate."""

    def __init__(self, value: Tensor, set_rate: Callable[[Any], None]) -> None:
        super().__init__(value, "learning_rate")
        self._set_rate = set_rate

    def __float__(self) -> float:
        return float(self.numpy())

    def read_value(self) -> Tensor:
        return self.variable

    def numpy(self) -> npt.NDArray[Any]:
        value: npt.NDArray[Any] = self.variable.numpy()
        return value

    def assign(
        self, value: Tensor, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> optiplug.State:
        self._set_rate(value)
        return self


def _holders(optimizer: optiplug.Optimizer) -> list[optiplug.Optimizer]:
    """Return the optimizers that have a rate of their own: this one, and those inside of it."""
    inside = [each for nested in optimizer.nested.values() for each in _holders(nested)]
    own = getattr(optimizer.config, "learning_rate", None) is not None
    return [optimizer, *inside] if own or (not inside and hasattr(optimizer, "learning_rate")) else inside


def _given(value: object) -> Iterator[Any]:
    """Yield the rate in a config, and in those of the optimizers inside of it."""
    if isinstance(value, optiplug.OptimizerConfig) and getattr(value, "learning_rate", None) is not None:
        yield value.learning_rate  # type: ignore[attr-defined]  # not of all
    if isinstance(value, optiplug.Section):
        value = [part for _, part in value]
    elif isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, list | tuple):
        return
    for part in value:
        yield from _given(part)

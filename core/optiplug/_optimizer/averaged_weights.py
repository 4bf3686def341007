"""Evaluating with averaged variables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from optiplug._step.pipeline import Pipeline
from optiplug.errors import BuildError

from .keras_api import KerasNames

__all__ = ["Averages"]


class Averages(KerasNames):
    """Mixin of `Optimizer`: its variables as they would be if training ended now."""

    _finalize: Callable[..., None]
    _pipeline: Pipeline
    _averaged = False

    @contextmanager
    def averaged_weights(self) -> Iterator[None]:
        """Let the variables have their final values, such as their averages, inside a ``with`` block.

        These are the values that `finalize_variable_values` assigns; when the block ends, also by
        an exception, each variable has its own value back, bit for bit, and state never changes.
        Do not train in it: what a step does to the variables would be lost, and what it does to
        the state would not. With a strategy, enter it outside of `strategy.run`.

        Raises
        ------
        BuildError
            If no processor keeps averages, if there is no state yet, or inside such a block.

        Examples
        --------
        >>> import optiplug, tensorflow as tf
        >>> weight = tf.Variable(1.0)
        >>> optimizer = optiplug.create("sgd", learning_rate=1.0, use_ema=True, ema_momentum=0.5)
        >>> optimizer.minimize(lambda: weight, [weight])
        >>> with optimizer.averaged_weights():
        ...     print(float(weight))
        0.5
        >>> float(weight)
        0.0
        """
        self._require_averages()
        variables = list(self._built_variables)
        held = [variable.read_value() for variable in variables]
        self._averaged = True
        try:
            self._finalize(variables, with_state=False)
            yield
        finally:
            for variable, value in zip(variables, held, strict=True):
                variable.assign(value)
            self._averaged = False

    def _require_averages(self) -> None:
        if self._averaged:
            raise BuildError("the averages are in place already", where=f"{self.name}.averaged_weights")
        if not self._pipeline.uses("finalize"):
            raise BuildError(
                "no processor keeps averages: none takes part in the stage `finalize`",
                where=f"{self.name}.averaged_weights",
                hint="create the optimizer with `use_ema=True`, or with `{'use': 'ema'}` in `processors`",
            )
        if not self._built_variables:
            raise BuildError("there are no averages before `build`", where=f"{self.name}.averaged_weights")

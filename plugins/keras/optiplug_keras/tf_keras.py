"""The adapter for tf_keras, the Keras of TensorFlow up to 2.15."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy.typing as npt
import tensorflow as tf
import tf_keras

import optiplug
from optiplug import Gradient, Tensor, Variable

from .adapter import Adapter, register
from .compiling import let_compile_take_ours

__all__ = ["TFKerasAdapter"]


class TFKerasAdapter(Adapter, tf_keras.optimizers.Optimizer):  # type: ignore[misc]  # tf_keras is untyped
    """An optimizer of optiplug as a `tf_keras.optimizers.Optimizer`; `optiplug_keras.wrap` makes one.

    Parameters
    ----------
    optimizer
        The optimizer that takes the steps and keeps the state.

    Examples
    --------
    >>> import tensorflow as tf, tf_keras, optiplug_keras
    >>> adapter = optiplug_keras.wrap("sgd", learning_rate=0.5, keras=tf_keras)
    >>> weight = tf.Variable([1.0, 2.0])
    >>> int(adapter.apply_gradients([(tf.ones(2), weight)]))
    1
    >>> weight.numpy().tolist()
    [0.5, 1.5]
    """

    def __init__(self, optimizer: optiplug.Optimizer) -> None:
        # The counter that tf_keras makes stays, unused: without it no SavedModel could be loaded.
        super().__init__(optimizer, weight_decay=None)
        self.built = False

    @property
    def variables(self) -> list[Variable]:
        """The state in the order of the model, as a list that is also a method."""
        variables = self.optimizer.variables
        variables[:] = [self.optimizer.state.states[name].variable for name in self._names()]
        return variables

    @property
    def _learning_rate(self) -> Any:
        """The rate as a class written for Keras keeps it: the callback `TensorBoard` looks for a schedule."""
        return self.optimizer._learning_rate  # noqa: SLF001  # so called by tf_keras

    def set_weights(self, weights: Sequence[npt.ArrayLike]) -> None:
        """Set the state from arrays in the order of `variables`; all, or none."""
        given = dict(zip(self._names(), weights, strict=False))
        ordered = [given[name] for name in self.optimizer.state.states if name in given]
        self.optimizer.set_weights([*ordered, *weights[len(given) :]])

    def _names(self) -> list[str]:
        """Return the names of state, those of a slot in the order of the model.

        An HDF5 file has nothing but places, and a model that is loaded meets its variables in that order.
        """
        homes = self.optimizer.state.homes
        places = {path: place for place, path in enumerate(self._model.trained)}
        slots = defaultdict(list)
        for name in sorted(homes, key=lambda each: places.get(homes[each][1], len(places))):
            slots[homes[name][0]].append(name)
        rest = {slot: iter(names) for slot, names in slots.items()}
        return [next(rest[homes[name][0]]) if name in homes else name for name in self.optimizer.state.states]

    def build(self, var_list: Sequence[Variable]) -> None:
        """Create the state for these variables, if there are any."""
        if var_list:
            self._build(var_list)
            self._built = self.built = True

    def compute_gradients(
        self,
        loss: Tensor | Callable[[], Tensor],
        var_list: Sequence[Variable] | Callable[[], Sequence[Variable]],
        tape: tf.GradientTape | None = None,
    ) -> list[tuple[Gradient | None, Variable]]:
        """Return (gradient, variable) pairs."""
        self._refuse_second_scaler(self._scaled_around)
        return self.optimizer.compute_gradients(loss, var_list, tape)

    def aggregate_gradients(
        self, grads_and_vars: Sequence[tuple[Gradient | None, Variable]]
    ) -> list[tuple[Gradient, Variable]]:
        """Sum the gradients over all replicas."""
        return self.optimizer.aggregate_gradients(grads_and_vars)

    def apply_gradients(
        self,
        grads_and_vars: Iterable[tuple[Gradient | None, Variable]],
        name: str | None = None,
        skip_gradients_aggregation: bool = False,
        **kwargs: bool,
    ) -> Variable:
        """Take one step with these (gradient, variable) pairs and return `iterations`."""
        pairs = list(grads_and_vars)
        # A call may be in a `tf.function`, which must not create variables.
        with tf.init_scope():
            self.build([variable for _, variable in pairs])
        return self.optimizer.apply_gradients(pairs, name, skip_gradients_aggregation, **kwargs)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "is_legacy_optimizer": False}


register(tf_keras.saving, TFKerasAdapter, "KerasAdapter")
# A model that is loaded may have a schedule of ours as the rate of an optimizer of Keras.
register(tf_keras.saving, optiplug.Schedule, "Schedule")
let_compile_take_ours(tf_keras)

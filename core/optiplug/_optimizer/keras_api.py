"""The API of `tf.keras.optimizers.Optimizer` 2.15.

A class written for that base, with its own `__init__`, `build`, `update_step` and `get_config`,
works on ours with its base changed.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from typing import Any, NoReturn, Self

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from optiplug import _distribution as distribution
from optiplug._config.hyperparameters import Number
from optiplug._config.keras_objects import of_keras, recreated
from optiplug._derived import derived
from optiplug._state.slot import Slot, State
from optiplug._state.slot_spec import SlotSpec
from optiplug._step.step import Rate, current_step
from optiplug._tf_private import keep_from_autograph
from optiplug._types import Array, DType, Gradient, Tensor, Variable
from optiplug._variables.capture import Working
from optiplug._variables.gradients import validated_pairs
from optiplug._variables.model_variables import is_trainable, unwrapped
from optiplug.errors import BuildError, ConfigError, sentence

from .building import build, build_for
from .class_config import ClassConfig
from .current import current_config, plain_value, rate_now, set_rate
from .gradient_sums import sum_shares
from .keras_attributes import is_set_here, private_member, warn_of_rows
from .loss_gradients import Loss, Variables, loss_gradients
from .parts import parts_of
from .variable_list import VariableList

__all__ = ["KerasAPI"]

_INITIALIZERS = {"zeros": tf.zeros, "ones": tf.ones}

keep_from_autograph("optiplug")


class KerasAPI(metaclass=abc.ABCMeta):
    """The members of Keras' base class, in terms of `OptimizerParts`."""

    def __setattr__(self, name: str, value: object) -> None:
        if not is_set_here(self, name, value):
            super().__setattr__(name, value)

    # Asked only for what is not found otherwise.
    def __getattr__(self, name: str) -> Any:
        return private_member(self, name)

    @abc.abstractmethod
    def update_step(self, gradient: Tensor, variable: Working) -> Any:
        """Assign `variable` and its state, given its gradient: a dense tensor in the dtype to compute in."""

    @tf.autograph.experimental.do_not_convert  # type: ignore[untyped-decorator]  # TensorFlow is untyped
    def build(self, var_list: Sequence[Variable]) -> None:
        """Create the state for these variables.

        It may be called again, with the same variables or with more: those that appear late get
        their state, and the state of the others stays as it is.
        """
        build(parts_of(self), var_list)

    @derived
    def name(self) -> str:
        """The name in the config, else the one in the registry, else that of the class."""
        return parts_of(self).name

    @property
    def iterations(self) -> Any:
        """The number of steps committed so far: an int64 variable, or its value inside a step."""
        step = current_step()
        return parts_of(self).iterations().variable if step is None else step.iteration

    @iterations.setter
    def iterations(self, variable: Variable) -> None:
        parts = parts_of(self)
        if parts.built:
            raise BuildError("`iterations` cannot be replaced any more", hint="set it before the first step")
        if not isinstance(variable, tf.Variable) or not variable.dtype.is_integer:
            raise ConfigError("must be an integer tf.Variable", where="iterations", received=variable)
        parts.table.adopt("iterations", variable, owner="")

    @property
    def learning_rate(self) -> Any:
        """The learning rate: a variable, the value of a schedule now, or inside a step its rate."""
        parts, step = parts_of(self), current_step()
        # An AttributeError, so that `hasattr(optimizer, "learning_rate")` is False.
        rate = rate_now(parts) if step is None else parts.learning_rate.given
        if rate is None:
            raise AttributeError(f"{parts.name} has no learning rate")
        return rate if step is None else parts.learning_rate.in_step(step)

    @learning_rate.setter
    def learning_rate(self, value: Rate | Tensor) -> None:
        set_rate(parts_of(self), value)

    # The name that older code reads and sets.
    lr = learning_rate

    @property
    def _learning_rate(self) -> Any:
        """The learning rate as a class written for Keras keeps it: that of a step in it, or a schedule."""
        return parts_of(self).learning_rate.kept(current_step())

    @_learning_rate.setter
    def _learning_rate(self, value: Rate) -> None:
        parts_of(self).learning_rate.given = value

    def _build_learning_rate(self, learning_rate: Rate) -> Rate:
        """Return what a class written for Keras keeps as `self._learning_rate`."""
        checked: Rate = Number(ge=0).check(learning_rate)
        return checked

    def _serialize_hyperparameter(self, hyperparameter: Rate) -> Any:
        """Return a hyperparameter as a plain value, the learning rate as it is now."""
        return plain_value(parts_of(self), hyperparameter)

    def _var_key(self, variable: Variable | Working) -> int:
        return variable.key if isinstance(variable, Working) else id(variable)

    @derived
    def _index_dict(self) -> dict[int, int]:
        return {id(variable): index for index, variable in enumerate(parts_of(self).variables)}

    def minimize(self, loss: Loss, var_list: Variables, tape: tf.GradientTape | None = None) -> None:
        """Compute the gradients of `loss` and apply them; see `compute_gradients`."""
        self.apply_gradients(self.compute_gradients(loss, var_list, tape))

    def compute_gradients(
        self, loss: Loss, var_list: Variables, tape: tf.GradientTape | None = None
    ) -> list[tuple[Gradient | None, Variable]]:
        """Return (gradient, variable) pairs.

        Parameters
        ----------
        loss
            A callable without arguments, or a tensor together with the `tape` that saw it computed.
        var_list
            The variables, or a callable that returns them once the loss has been computed.

        Raises
        ------
        ValueError
            If `loss` is a tensor and there is no tape.
        """
        return loss_gradients(parts_of(self), loss, var_list, tape)

    def aggregate_gradients(
        self, grads_and_vars: Sequence[tuple[Gradient, Variable]]
    ) -> list[tuple[Gradient, Variable]]:
        """Sum the gradients over all replicas; override it to aggregate in another way."""
        gradients, variables = zip(*grads_and_vars, strict=True)
        return list(zip(distribution.sum_over_replicas(gradients), variables, strict=True))

    @tf.autograph.experimental.do_not_convert  # type: ignore[untyped-decorator]  # TensorFlow is untyped
    def apply_gradients(
        self,
        grads_and_vars: Iterable[tuple[Gradient | None, Variable]],
        name: str | None = None,
        skip_gradients_aggregation: bool = False,
        **kwargs: bool,
    ) -> Any:
        """Take one step: sum gradients over replicas, then gate, clip, decay, update, post-step, commit.

        Parameters
        ----------
        grads_and_vars
            (gradient, variable) pairs. Variables whose gradient is None are left alone.
        name
            Accepted for compatibility; state is named by its slot and variable.
        skip_gradients_aggregation
            True if the gradients were summed over replicas already.

        Returns
        -------
        The `iterations` variable.

        Raises
        ------
        GradientsError
            A TypeError, if the pairs are malformed.
        ConfigError
            If gradients were summed already that a processor takes before the sum.
        ValueError
            If no variable has a gradient.
        ReplicaContextError
            A RuntimeError, if called in a cross-replica context.
        BuildError
            If a processor scales the loss, and that was not done since the last step.
        HookError
            If called by a hook of this optimizer, or if a hook breaks the contract of its stage.
        """
        aggregate = kwargs.pop("experimental_aggregate_gradients", True) and not skip_gradients_aggregation
        if kwargs:
            raise TypeError(sentence("`apply_gradients` takes no such arguments", received=list(kwargs)))
        parts = parts_of(self)
        gradients, variables, given = validated_pairs(grads_and_vars)
        warn_of_rows(self, gradients)
        # An empty list is no step; in `validated_pairs` a list without any gradient is an error.
        if not given:
            return self.iterations
        # Before `build`, so that a refused call creates no state.
        distribution.require_replica_context(variables[0])
        parts.require_no_step()
        for scaler in parts.pipeline.loss_scalers:
            parts.losses.require_one(given, scaler, f"{parts.name}.apply_gradients")
        with parts.turns.call():
            build_for(parts, given)
            parts.start()
            parts.follow_rates()
            gradients, variables = parts.variables.in_order(gradients, variables)
            # Without such hooks nothing is traced in replica context.
            if parts.pipeline.stages("replica"):
                gradients = list(parts.traced(lambda: parts.programs.replica_stages(variables)(gradients)))
            gradients = parts.agreement.before_step(parts.name, parts.iterations().variable, gradients)
            if parts.holds:
                own = type(self).aggregate_gradients is KerasAPI.aggregate_gradients
                parts.require_own_sum(aggregate and own)
            elif aggregate:
                # Through the public method: a subclass may sum in another way, or drop pairs.
                own = type(self).aggregate_gradients is KerasAPI.aggregate_gradients
                pairs = list(zip(gradients, variables, strict=True))
                sums, others = sum_shares(parts, pairs) if own else ([], pairs)
                summed = [*sums, *(self.aggregate_gradients(others) if others else ())]
                gradients, variables = parts.variables.in_order(*map(list, zip(*summed, strict=True)))
            distribution.merge(lambda merged: parts.step(variables, merged), gradients)
        return self.iterations

    def finalize_variable_values(self, var_list: Sequence[Variable]) -> None:
        """Assign the final values, such as their averages, to the variables when training has ended.

        A variable that was never trained is left alone: it is its own average.
        """
        parts_of(self).finalize(var_list, with_state=True)

    def add_variable(
        self,
        shape: Sequence[int] | None = None,
        dtype: DType | str | None = None,
        initializer: str | Callable[..., Tensor] = "zeros",
        name: str | None = None,
    ) -> State:
        """Create a state variable that belongs to no variable of the model.

        `shape` may be anything that `tf.TensorShape` takes, None for a scalar. `initializer` is
        "zeros", "ones" or a function of (shape, dtype), such as an initializer of Keras. Without a
        `name` the variable is numbered in the order of these calls, anew each time `build` runs.
        """
        parts = parts_of(self)
        shape, dtype = () if shape is None else tuple(map(int, shape)), tf.as_dtype(dtype or tf.float32)
        make = _INITIALIZERS.get(initializer) if isinstance(initializer, str) else initializer
        if not callable(make):
            raise ConfigError("an initializer must be 'zeros', 'ones' or a function", received=initializer)
        return parts.table.add(
            name or parts.next_name(),
            owner="",
            beside=parts.owner.place,
            shape=shape,
            dtype=dtype,
            initial=lambda: make(shape, dtype),
        )

    def add_variable_from_reference(
        self,
        model_variable: Variable,
        variable_name: str,
        shape: Sequence[int] | None = None,
        initial_value: Tensor | None = None,
    ) -> State:
        """Create a state variable for one variable of the model, named ``variable_name/path``.

        It has the shape of `initial_value`, else of the variable, unless `shape` says otherwise, and the
        variable's dtype. It starts at zero unless `initial_value` says otherwise.
        """
        parts, slot = parts_of(self), Slot(variable_name)
        if shape is None and initial_value is not None:
            shape = tf.TensorShape(getattr(initial_value, "shape", None) or np.shape(initial_value))
        if not is_trainable(model_variable):
            # No variable of a step, and so under the name that it has.
            model_variable = unwrapped(model_variable)
            name = f"{variable_name}/{model_variable.name.rsplit(':', 1)[0]}"
            shape = model_variable.shape if shape is None else shape
            return parts.table.add(
                name, owner="", beside=model_variable, shape=shape, dtype=model_variable.dtype
            )
        parts.variables.add(model_variable)
        spec = SlotSpec(shape, initial=lambda _: 0 if initial_value is None else initial_value)
        parts.table.add_slot(slot, [unwrapped(model_variable)], spec, owner="")
        return next(iter(slot))

    def exclude_from_weight_decay(
        self, var_list: Iterable[Variable] | None = None, var_names: Iterable[str] | None = None
    ) -> None:
        """Exclude variables from weight decay: these, and those in whose path a regular expression is found.

        It holds for every weight decay, of optimizers inside, too, and is ``re:...`` in the config.

        Raises
        ------
        BuildError
            If the optimizer is built already.
        ConfigError
            If that is no regular expression.
        """
        parts = parts_of(self)
        if parts.built:
            raise BuildError(
                "`exclude_from_weight_decay` must be called before the optimizer is built", where=parts.name
            )
        parts.exclusions.add(var_list or (), var_names or (), f"{parts.name}.exclude_from_weight_decay")

    @derived
    def variables(self) -> VariableList:
        """The variables of the optimizer itself, also as a call: ``optimizer.variables()``."""
        return VariableList(state.variable for state in parts_of(self).table.states.values())

    def set_weights(self, weights: Sequence[npt.ArrayLike]) -> None:
        """Set the variables of the optimizer from arrays in the order of `variables`; all, or none.

        Positions say nothing of what an array is: two of one shape and kind of numbers that changed
        places go unnoticed. `load_own_variables` goes by name.

        Raises a StateError if there are more or fewer, or one has another shape or kind.
        """
        parts_of(self).io.load_in_order(weights)

    def save_own_variables(self, store: MutableMapping[str, Array]) -> None:
        """Put the variables of the optimizer into a mapping, each under its name.

        The `state_version` of a plugin is put there too, under that name, unless it is 1.
        """
        parts_of(self).io.save(store)

    def load_own_variables(self, store: Mapping[str, npt.ArrayLike]) -> None:
        """Set the variables of the optimizer from such a mapping, by name; all, or none.

        Raises
        ------
        StateError
            If anything is missing, unknown, no array of numbers, or of another shape or dtype; if it was
            saved by a newer version of a plugin, or by an older one whose state this one cannot read.
        """
        parts_of(self).io.load(store)

    def get_config(self) -> dict[str, Any]:
        """Return every hyperparameter as plain values, the learning rate as it is now, and no `mesh`."""
        parts = parts_of(self)
        now = current_config(parts)
        if isinstance(now, ClassConfig):
            config = {"is_legacy_optimizer": False, **now.dump_fields()}
        else:
            config = now.dump()
        config["exclude_from_weight_decay"] = parts.excluded_patterns()
        if "learning_rate" in config:
            config["learning_rate"] = self._serialize_hyperparameter(parts.learning_rate.given)
        return config

    @classmethod
    def from_config(
        cls,
        config: Mapping[str, object],
        custom_objects: Mapping[str, object] | None = None,
        **runtime: object,
    ) -> Self:
        """Create an optimizer from what `get_config` returned, be it ours or that of Keras.

        The registry finds what a config names. `custom_objects` maps the names of what is not in
        it to a Config, a class with one, a class with hooks, or a schedule class of Keras.
        `runtime` is what no config holds: `mesh`.
        """
        fields = of_keras(config, cls)
        return cls(**recreated(fields, custom_objects or {}), **runtime)

    # `copy` and `pickle` both ask for this, so both get the message.
    def __reduce__(self) -> NoReturn:
        raise TypeError(
            sentence(
                "an optimizer cannot be copied or pickled: its state belongs to the variables of a model",
                where=parts_of(self).name,
                hint="create another from `get_config()` and carry the state over with tf.train.Checkpoint",
            )
        )

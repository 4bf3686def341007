"""The members of `tf.keras.optimizers.Optimizer` 2.15 that rest on other members of ours.

A class written for that base, with its own `__init__`, `build`, `update_step` and `get_config`,
works on ours unchanged.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from glob import escape
from typing import Any

import tensorflow as tf

from optiplug import _distribution as distribution
from optiplug import registry
from optiplug._config.base import NamedConfig
from optiplug._config.hyperparameters import Number
from optiplug._config.keras_objects import recreated
from optiplug._config.kinds import OptimizerConfig
from optiplug._schedule import evaluate
from optiplug._state.slot import Slot, State
from optiplug._state.table import SlotTable
from optiplug._step.step import Step, current_step
from optiplug._variables.capture import Working
from optiplug._variables.model_variables import Parameters
from optiplug._variables.pairs import unwrapped
from optiplug.errors import BuildError, ConfigError, UnknownPluginError, sentence
from optiplug.numerics import widest_dtype

__all__ = ["ClassConfig", "KerasNames"]


class ClassConfig(OptimizerConfig):
    """The keyword arguments of an optimizer class that has no config of its own."""

    implementation = "optiplug._optimizer.optimizer:Optimizer"


class KerasNames:
    """Mixin of `Optimizer`: names, hyperparameters and weights as Keras 2.15 has them."""

    config: Any
    state: SlotTable
    add_state: Callable[..., State]
    owner: str
    _qualified: Callable[[str], str]
    _built_variables: Sequence[Any] = ()
    _parameters: Parameters
    _learning_rate: Any
    _mesh: Any
    _excluded: list[Any]
    _unnamed: int

    def __setattr__(self, name: str, value: Any) -> None:
        # tf.Module reads an attribute before it sets it, and tracks what it is set to: wrong for properties.
        if isinstance(getattr(type(self), name, None), property):
            object.__setattr__(self, name, value)
        else:
            super().__setattr__(name, value)

    @property
    def name(self) -> str:
        """The name in the config, else the one in the registry, else that of the class."""
        if self.config.name:
            return str(self.config.name)
        try:
            return registry.reference_of(type(self.config))
        except UnknownPluginError:
            return type(self).__name__

    @property
    def iterations(self) -> Any:
        """The number of steps committed so far: an int64 variable, or its value inside a step."""
        step = current_step()
        return self._counter("iterations", 0, tf.int64).variable if step is None else step.iteration

    @iterations.setter
    def iterations(self, variable: Any) -> None:
        if self._built_variables:
            raise BuildError("`iterations` cannot be replaced any more", hint="set it before the first step")
        if not isinstance(variable, tf.Variable) or not variable.dtype.is_integer:
            raise ConfigError("must be an integer tf.Variable", where="iterations", received=variable)
        self.state.adopt("iterations", variable, owner="")

    @property
    def learning_rate(self) -> Any:
        """The learning rate: a variable, the value of a schedule now, or inside a step its rate."""
        if self._learning_rate is None:
            raise AttributeError(f"{self.name} has no learning rate")
        step = current_step()
        if step is not None:
            return self._rate_in(step)
        if self._rate is self._learning_rate:
            return evaluate(self._rate, self.iterations, tf.float32)
        return self._rate.variable

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        if not isinstance(self._learning_rate, int | float) or callable(value):
            raise TypeError(
                sentence(
                    "a learning rate can be set from a number to a number, and a schedule stays what it is",
                    where=self.name,
                    received=value,
                    hint="create the optimizer with a float learning rate to set it later",
                )
            )
        self._rate.variable.assign(value)

    lr = learning_rate

    def _rate_in(self, step: Step) -> Any:
        """Return the rate for a formula that does not say of which variable it wants it."""
        updated = step.numbers.updated
        if updated is not None and updated.key in step.numbers.changed:
            return tf.cast(tf.math.real(step.rate(updated)), self._rate_dtype)
        return step.scalar(self._rate, self._rate_dtype)

    def _build_learning_rate(self, learning_rate: Any) -> Any:
        """Return what a class written for Keras keeps as `self._learning_rate`."""
        return Number(ge=0).check(learning_rate)

    def _serialize_hyperparameter(self, hyperparameter: Any) -> Any:
        """Return a hyperparameter as a plain value, the learning rate as it is now."""
        if hyperparameter is self._learning_rate and isinstance(hyperparameter, int | float):
            return self._current_rate()
        if isinstance(hyperparameter, NamedConfig):
            return hyperparameter.dump()
        if callable(hyperparameter):
            rule = "a function can be used in code only"
            raise ConfigError(
                rule, where=self.name, received=hyperparameter, hint="give a number, or register a schedule"
            )
        return hyperparameter

    @property
    def _rate(self) -> Any:
        """The state variable of a numeric learning rate, else the schedule or callable itself."""
        if not isinstance(self._learning_rate, int | float):
            return self._learning_rate
        name = self._qualified("learning_rate")
        return self._counter(name, self._learning_rate, self._rate_dtype, owner=self.owner)

    @property
    def _rate_dtype(self) -> Any:
        """Double precision as soon as a variable of the model has it."""
        return widest_dtype(self._parameters)

    def _counter(self, name: str, initial: float, dtype: Any, owner: str = "") -> State:
        held = self.state.states.get(name)
        return held or self.state.add(
            name, owner=owner, beside=self._place, dtype=dtype, initial=lambda: initial
        )

    @property
    def _place(self) -> Any:
        """What state of the whole optimizer is created beside: a variable, else the mesh, else nothing."""
        return next(iter(self._parameters), self._mesh)

    def _create_counters(self) -> None:
        self._counter("iterations", 0, tf.int64)
        if self._learning_rate is not None:
            _ = self._rate

    @property
    def _compiles(self) -> bool:
        wanted = self.config.jit_compile
        if distribution.mesh_of(self._place) is not None:
            return False
        return bool(tf.config.list_physical_devices("GPU")) if wanted == "auto" else bool(wanted)

    @property
    def _step(self) -> Step:
        step = current_step()
        if step is None:
            raise BuildError("the learning rate of a step exists only inside `update_step`", where=self.name)
        return step

    def _var_key(self, variable: Any) -> int:
        return variable.key if isinstance(variable, Working) else id(variable)

    @property
    def _index_dict(self) -> dict[int, int]:
        return {id(variable): index for index, variable in enumerate(self._parameters)}

    def add_variable(
        self,
        shape: Sequence[int] | None = None,
        dtype: Any = None,
        initializer: Any = "zeros",
        name: str | None = None,
    ) -> State:
        """Create a state variable that belongs to no variable of the model.

        `shape` may be anything that `tf.TensorShape` takes, None for a scalar. `initializer` is
        "zeros", "ones" or a function of (shape, dtype), such as an initializer of Keras. Without a
        `name` the variable is numbered in the order of these calls, anew each time `build` runs.
        """
        shape = () if shape is None else tuple(map(int, shape))
        dtype = tf.as_dtype(dtype or tf.float32)
        named = {"zeros": tf.zeros, "ones": tf.ones}
        make = named.get(initializer, initializer) if isinstance(initializer, str) else initializer
        if not callable(make):
            raise ConfigError("an initializer must be 'zeros', 'ones' or a function", received=initializer)
        return self.state.add(
            name or self._next_name(),
            owner="",
            beside=self._place,
            shape=shape,
            dtype=dtype,
            initial=lambda: make(shape, dtype),
        )

    def _next_name(self) -> str:
        self._unnamed += 1
        return f"variable_{self._unnamed}"

    def add_variable_from_reference(
        self,
        model_variable: Any,
        variable_name: str,
        shape: Sequence[int] | None = None,
        initial_value: Any = None,
    ) -> State:
        """Create a state variable for one variable of the model, named ``variable_name/path``.

        It has the variable's shape and dtype unless `shape` says otherwise, and starts at zero
        unless `initial_value` says otherwise.
        """
        self._parameters.add(model_variable)
        model_variable = unwrapped(model_variable)
        slot = Slot(variable_name)
        self.state.add_slot(
            slot,
            self._parameters,
            [model_variable],
            owner="",
            shape=shape,
            initial=lambda _: 0 if initial_value is None else initial_value,
        )
        return next(iter(slot))

    def exclude_from_weight_decay(
        self, var_list: Iterable[Any] | None = None, var_names: Iterable[str] | None = None
    ) -> None:
        """Exclude variables from `weight_decay`: these, and all whose name matches a regular expression.

        Raises
        ------
        BuildError
            If the optimizer is built already.
        """
        if self._built_variables:
            raise BuildError(
                "`exclude_from_weight_decay` must be called before the optimizer is built", where=self.name
            )
        self._excluded.extend(unwrapped(variable) for variable in var_list or ())
        self._excluded.extend(re.compile(each) for each in var_names or ())

    def _excluded_paths(self, excluded: Iterable[Any]) -> tuple[str, ...]:
        patterns = [each for each in excluded if isinstance(each, re.Pattern)]
        chosen = {id(each) for each in excluded}
        paths = (
            escape(self._parameters.path(variable))
            for variable in self._parameters
            if id(variable) in chosen or any(pattern.search(variable.name) for pattern in patterns)
        )
        return tuple(dict.fromkeys([*self.config.exclude_from_weight_decay, *paths]))

    @property
    def variables(self) -> VariableList:
        """The variables of the optimizer itself, also as a call: ``optimizer.variables()``."""
        return VariableList(state.variable for state in self.state.states.values())

    def get_config(self) -> dict[str, Any]:
        """Return every hyperparameter as plain values, the learning rate as it is now, and no `mesh`."""
        if isinstance(self.config, ClassConfig):
            config = {"is_legacy_optimizer": False, **self.config.dump_fields()}
        else:
            config = self.config.dump()
        if "learning_rate" in config:
            config["learning_rate"] = self._serialize_hyperparameter(self._learning_rate)
        return config

    def _current_rate(self) -> float:
        """Return the learning rate as it was given, unless it has been assigned since."""
        given = float(self._learning_rate)
        if self._qualified("learning_rate") not in self.state.states:
            return given
        now = self._rate.numpy()
        return given if now == now.dtype.type(given) else float(now)

    @classmethod
    def from_config(
        cls,
        config: Mapping[str, Any],
        custom_objects: Mapping[str, Any] | None = None,
        **runtime: Any,
    ) -> Any:
        """Create an optimizer from what `get_config` returned, be it ours or that of Keras.

        The registry finds what a config names. `custom_objects` maps the names of what is not in
        it to a Config, a class with one, a class with hooks, or a schedule class of Keras.
        `runtime` is what no config holds: `mesh`.
        """
        fields = {key: value for key, value in config.items() if key != "use"}
        return cls(**recreated(fields, custom_objects or {}), **runtime)


class VariableList(list[Any]):
    """A list that returns itself when called, as `variables` is a method in older code."""

    def __call__(self) -> VariableList:
        return self

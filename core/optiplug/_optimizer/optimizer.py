"""The abstract Optimizer."""

from __future__ import annotations

import abc
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar

import tensorflow as tf

from optiplug import _distribution as distribution
from optiplug import numerics
from optiplug._config.base import NamedConfig
from optiplug._config.constructor import Configured
from optiplug._config.elementwise import is_elementwise
from optiplug._config.keras_objects import renamed
from optiplug._state.dry_run import planning
from optiplug._state.manifest import Manifest
from optiplug._state.stateful import Stateful
from optiplug._state.table import SlotTable
from optiplug._step.pipeline import Pipeline
from optiplug._step.program import Plan, Program
from optiplug._step.program_cache import Programs
from optiplug._variables.capture import Working
from optiplug._variables.model_variables import Parameters
from optiplug._variables.packing import packed
from optiplug._variables.pairs import pairs, trainable, unwrapped
from optiplug.errors import ConfigError, sentence

from .averaged_weights import Averages
from .groups import Branch, Nesting
from .keras_api import ClassConfig
from .loss_gradients import Minimizing
from .reports import Reports
from .saving import Saving

__all__ = ["Optimizer"]


class Optimizer(Minimizing, Saving, Averages, Reports, Nesting, Configured, Stateful, tf.Module, abc.ABC):  # type: ignore[misc]  # tf.Module is untyped
    """Base of all optimizers, with the API of `tf.keras.optimizers.Optimizer` 2.15.

    A subclass names its `Config`, creates its state in `build` and says in `update_step` how one
    variable changes. Everything else, the keyword arguments below included, is a chain of
    processors around it, traced together with it into one compiled function for each device.

    Parameters
    ----------
    name
        The name of the optimizer; by default the name it is registered under, or its class's.
    weight_decay
        Decoupled weight decay: ``variable -= variable * weight_decay * learning_rate`` before the update.
    clipnorm, clipvalue, global_clipnorm
        The largest norm of each gradient, the largest element, the largest norm of all gradients
        together. At most one of them.
    use_ema, ema_momentum, ema_overwrite_frequency
        Keep an exponential moving average of the variables, and overwrite them with it every so
        many steps, or in `finalize_variable_values`.
    jit_compile
        Compile the step with XLA, on every kind of device. TensorFlow compiles nothing on a mesh.
    processors
        Hooks for the stages of a step, in order: configs, mappings with `use`, or plain objects.
    mesh
        The `tf.experimental.dtensor.Mesh` that the model's variables are on. Without it the first
        variable tells, so it is needed only to create state, such as `iterations`, before that.
        It says where the optimizer runs and not what it does, so no config holds it.

    Raises
    ------
    ConfigError
        If a hyperparameter breaks a rule, or `mesh` is not a mesh.
    HookError
        If a processor's hooks do not fit their stages.

    Examples
    --------
    >>> import optiplug, tensorflow as tf
    >>> class Plain(optiplug.Optimizer):
    ...     def update_step(self, gradient, variable):
    ...         variable.assign_sub(0.5 * gradient)
    >>> weight = tf.Variable(3.0)
    >>> Plain("plain", clipvalue=1.0).minimize(lambda: weight**2, [weight])
    >>> float(weight)
    2.5
    """

    Config: ClassVar[type[NamedConfig]] = ClassConfig

    def __init__(self, *positional: Any, mesh: Any = None, **hyperparameters: Any) -> None:
        tf.Module.__init__(self)
        # Not so in a class written for Keras, which has a constructor of its own.
        self._made_by_config = type(self).__init__ is Optimizer.__init__
        self._mesh = distribution.checked_mesh(mesh)
        self.config = self.configure(*positional, **renamed(hyperparameters))
        self._learning_rate: Any = getattr(self.config, "learning_rate", None)
        self._parameters = Parameters()
        self._added = _Untracked()
        self._excluded = _Untracked()
        self._unnamed = self._unnamed_before_build = 0
        self.state = SlotTable()
        self.manifest = Manifest(self._described, self._check_restored)
        self.attach("", self.state, self._parameters)
        self._programs = Programs()
        self.branch = Branch(self, lambda: self._rate)
        self._pipeline = self._new_pipeline()

    @abc.abstractmethod
    def update_step(self, gradient: Any, variable: Any) -> Any:
        """Assign `variable` and its state, given its gradient: a dense tensor in the dtype to compute in."""

    def build(self, var_list: Sequence[Any]) -> None:
        """Create the state for these variables.

        It may be called again, with the same variables or with more: those that appear late get
        their state, and the state of the others stays as it is.
        """
        if self.owner:
            self._create_state(var_list)
            return
        given = self._late(var_list)
        if not given:
            return
        late = [trainable(variable) for variable in given]
        self._check_mesh(late)
        if self._made_by_config:
            self._check_awaited(late)
        for variable in given:
            self._parameters.add(variable)
        if not self._built_variables:
            self._unnamed_before_build = self._unnamed
        self._unnamed = self._unnamed_before_build
        if self._excluded:
            paths = self._excluded_paths(self._excluded)
            self.config = self.config.model_copy(update={"exclude_from_weight_decay": paths})
        self.branch.divide(tuple(self._parameters))
        self._pipeline = self._new_pipeline()
        for members in packed(late, self._kind):
            self._parameters.join(members)
        self._create_state(tuple(self._parameters))
        self._build_pipeline()

    def _create_state(self, variables: Sequence[Any]) -> None:
        Stateful.build(self, self.branch.own)
        self._built_variables = _Untracked(variables)
        self._create_counters()
        for branch in self.branch.inside.values():
            branch.optimizer.build(branch.variables)

    def _kind(self, variable: Any) -> Any:
        """Return what variables have in common that a step may join; None for one that stays by itself."""
        optimizer = self.branch.leaf(variable)
        alike = is_elementwise(type(optimizer)) and optimizer.config.pack_small_variables
        if not (self._joins and alike) or self._parameters.constraint(variable) is not None:
            return None
        applied = self._pipeline.kind(variable)
        place = distribution.place_of(variable)
        return None if applied is None or place is None else (place, variable.dtype, applied, optimizer.owner)

    @property
    def _joins(self) -> bool:
        config = self.config
        exact = config.sparse == "exact"
        return config.pack_small_variables and exact and self._made_by_config and not planning()

    def _set_processors(self) -> None:
        """Make the pipeline anew; the step is traced again by its next call."""
        self._pipeline = self._new_pipeline()
        self._build_pipeline()

    def _new_pipeline(self) -> Pipeline:
        pipeline: Pipeline = self.branch.chain(Pipeline(), self._added)
        if self._parameters:
            pipeline.select(self._parameters)
        return pipeline

    def _build_pipeline(self) -> None:
        if self._parameters:
            self._pipeline.build(self.state, self._parameters)
        self._require_gates_for_rows()
        self._programs.clear()

    def _check_mesh(self, late: Sequence[Any]) -> None:
        """Refuse variables that a step on a mesh cannot have, and say once what it does without."""
        distribution.require_one_mesh([*self._parameters, *late], self._mesh)
        if distribution.mesh_of(late[0]) is None:
            return
        if self.config.sparse == "lazy":
            rule = "variables on a mesh cannot be updated by rows"
            raise ConfigError(rule, where=f"{self.name}.sparse", received="lazy", hint="use sparse: exact")
        if self.config.jit_compile is True and not self._built_variables and not planning():
            warnings.warn(
                f"{self.name}: the variables are on a DTensor mesh, where TensorFlow compiles nothing with "
                "XLA, so the step runs uncompiled. Hint: `jit_compile=False` says that you know.",
                stacklevel=3,
            )

    def _require_gates_for_rows(self) -> None:
        """Refuse what needs whole gradients or variables where an update takes only rows of them."""
        if self.config.sparse == "exact":
            return
        for rule, names in {
            "gates that keep state for each variable": self._pipeline.with_slots("gate"),
            "processors that need all rows of a table": self._pipeline.needing_all_rows(),
        }.items():
            if names:
                raise ConfigError(
                    f"a lazy optimizer cannot have {rule}",
                    where=self.name,
                    received=names,
                    hint="use sparse: exact, or leave them out",
                )

    def rate(self, like: Any) -> Any:
        """Return the learning rate of the step being traced, as a scalar in the dtype of `like`.

        Hand over the variable that is updated: its rate may have been changed.
        """
        return self._step.rate(like) if isinstance(like, Working) else self._step.scalar(self._rate, like)

    def scalar(self, value: Any, like: Any) -> Any:
        """Return a hyperparameter, be it a number or a schedule, at the step being traced."""
        return self._step.scalar(value, like)

    def once(self, function: Callable[[Any], Any], like: Any) -> Any:
        """Return ``function(dtype)`` in the dtype of `like`, traced once in a step and not for each variable.

        For what all variables share, such as a bias correction. `function` must be the same object
        each time: a method of the optimizer.
        """
        return self._step.once(function, like)

    def bias_correction(self, beta: Any, like: Any) -> Any:
        """Return ``1 - beta^t`` with ``t = iterations + 1``, as a scalar in the dtype of `like`.

        That is what an average of decay `beta` is divided by, as it starts at zero; `beta` is a number
        or a schedule. All variables share it: ask for it `once`.
        """
        return numerics.bias_correction(self.scalar(beta, like), self.iterations + 1)

    @property
    def processors(self) -> tuple[Any, ...]:
        """The hooks of this optimizer, in the order in which each stage runs them."""
        return tuple(self._pipeline.processors.values())

    def add_processor(self, processor: Any) -> None:
        """Append a hook, at any time; the step is traced again by its next call.

        A `tf.function` of your own that has traced a step keeps the step that it traced.
        """
        Pipeline([*self._pipeline.processors.values(), processor])  # refuses it before anything changes
        self._added.append(processor)
        self._set_processors()

    def remove_processor(self, processor: Any) -> None:
        """Take out a hook that `add_processor` appended."""
        self._added.remove(processor)
        self._set_processors()

    @tf.autograph.experimental.do_not_convert  # type: ignore[untyped-decorator]  # TensorFlow is untyped
    def apply_gradients(
        self,
        grads_and_vars: Iterable[tuple[Any, Any]],
        name: str | None = None,
        skip_gradients_aggregation: bool = False,
        **kwargs: Any,
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
        ValueError
            If no variable has a gradient.
        ReplicaContextError
            A RuntimeError, if called in a cross-replica context.
        """
        aggregate = kwargs.pop("experimental_aggregate_gradients", True) and not skip_gradients_aggregation
        if kwargs:
            raise TypeError(sentence("`apply_gradients` takes no such arguments", received=list(kwargs)))
        gradients, variables, given = pairs(grads_and_vars)
        if not given:
            return self.iterations
        distribution.require_replica_context(variables[0])
        self._build_for(given)
        gradients = self._before_aggregation(gradients, variables)
        if aggregate:
            summed = self.aggregate_gradients(list(zip(gradients, variables, strict=True)))
            gradients, variables = map(list, zip(*summed, strict=True))
        distribution.merge(lambda merged: self._run(merged, variables), gradients)
        return self.iterations

    def __reduce__(self) -> Any:
        raise TypeError(
            sentence(
                "an optimizer cannot be copied or pickled: its state belongs to the variables of a model",
                where=self.name,
                hint="create another from `get_config()` and carry the state over with tf.train.Checkpoint",
            )
        )

    def _build_for(self, variables: Sequence[Any]) -> None:
        late = self._late(variables)
        if late:
            self._built = False  # a class written for Keras returns early from `build` while this is set
            with tf.init_scope():
                self.build([*self._parameters, *late])

    def _late(self, variables: Iterable[Any]) -> list[Any]:
        built = set(map(id, self._built_variables))
        return [variable for variable in variables if id(unwrapped(variable)) not in built]

    def _run(self, gradients: Sequence[Any], variables: Sequence[Any]) -> None:
        distribution.on_each_device(self._programs_of(variables), variables[0], gradients)

    def _programs_of(self, variables: Sequence[Any]) -> dict[int, Program]:
        return self._programs.get(variables, self._plan)

    def _plan(self) -> Plan:
        return Plan(
            update=self.branch.update,
            pipeline=self._pipeline,
            parameters=self._parameters,
            table=self.state,
            rate_of=self.branch.rate_of,
            jit_compile=self._compiles,
            lazy=self.config.sparse == "lazy",
        )

    def _before_aggregation(self, gradients: list[Any], variables: Sequence[Any]) -> list[Any]:
        if not self._pipeline.uses("pre_aggregate"):
            return gradients
        return list(self._programs.before_aggregation(variables, self._plan)(gradients))

    def finalize_variable_values(self, var_list: Sequence[Any]) -> None:
        """Assign the final values, such as their averages, to the variables when training has ended.

        A variable that was never trained is left alone: it is its own average.
        """
        self._finalize(var_list, with_state=True)

    def _finalize(self, var_list: Sequence[Any], with_state: bool) -> None:
        given = [unwrapped(variable) for variable in var_list]
        late = set(map(id, self._late(given)))
        variables = [variable for variable in given if id(variable) not in late]
        if variables and self._pipeline.uses("finalize"):
            for program in self._programs_of(variables).values():
                program.finalize(with_state)

    @property
    def trace_count(self) -> int:
        """Count the traces of the compiled core: one for each device, list of variables and set of hooks."""
        return self._programs.traces.count("core")


class _Untracked(list[Any]):
    """A list of a type of its own, so that tf.Module does not track what is in it."""

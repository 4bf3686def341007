"""The abstract Optimizer."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from types import FunctionType
from typing import Any, ClassVar, TypeVar, cast

import tensorflow as tf

from optiplug import _distribution as distribution
from optiplug._config.base import NamedConfig
from optiplug._config.constructor import configure, show_signature
from optiplug._config.hyperparameters import Scalar
from optiplug._config.keras_objects import FOR_KERAS, renamed
from optiplug._config.kinds import OptimizerConfig, Selection
from optiplug._config.variable_selection import selected_paths
from optiplug._derived import derived
from optiplug._state.memory_report import StateReport
from optiplug._state.saved_state import STATE
from optiplug._state.stateful import Stateful, StateOwner
from optiplug._state.table import SlotTable
from optiplug._step.explanation import Explanation
from optiplug._step.step import Step, current_step
from optiplug._tf_private import RestoredOnRelease, SavedObject
from optiplug._types import DType, Mesh, Tensor, Variable
from optiplug._variables.capture import Working
from optiplug.errors import BuildError

from . import reports
from .averaged_weights import averages_in_place
from .class_config import ClassConfig
from .decay_products import bias_correction as corrected_bias
from .keras_api import KerasAPI
from .keras_attributes import KERAS_ATTRIBUTES, require_used
from .loss_gradients import scaled_loss
from .parts import OptimizerParts, give_parts, parts_of, without_parts

__all__ = ["Optimizer"]

Computed = TypeVar("Computed")


class Optimizer(KerasAPI, RestoredOnRelease, tf.Module):  # type: ignore[misc]  # tf.Module is untyped
    """Base of all optimizers, with the API of `tf.keras.optimizers.Optimizer` 2.15.

    A subclass names its `Config`, creates its state in `build` and says in `update_step` how one
    variable changes. Everything else, the keyword arguments below included, is a chain of
    processors around it, traced together with it into one compiled function for each device.
    Its attributes may have any names, but those of hyperparameters are these: reading one answers from
    the config, setting one acts as it would in the config, or is refused.

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
        Processors, in the order in which they run: configs, mappings with `use`, or objects with hooks.
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
    _waits = STATE

    def __init_subclass__(cls, **keywords: object) -> None:
        super().__init_subclass__(**keywords)
        show_signature(cls)
        # AutoGraph would convert it, and all that it calls, where a function that is traced calls it.
        if isinstance(vars(cls).get("build"), FunctionType):
            type.__setattr__(cls, "build", tf.autograph.experimental.do_not_convert(vars(cls)["build"]))
        # The name that some classes written for Keras override: its base calls that one.
        if "_update_step" in vars(cls) and getattr(cls.update_step, "__isabstractmethod__", False):
            type.__setattr__(cls, "update_step", vars(cls)["_update_step"])

    def __init__(self, *positional: object, mesh: Mesh | None = None, **hyperparameters: object) -> None:
        tf.Module.__init__(self)
        config = configure(type(self), positional, renamed(hyperparameters))
        # Not so in a class written for Keras, which has a constructor of its own.
        made_by_config = type(self).__init__ is Optimizer.__init__
        # Not a field of the config: it says where a step runs and not what it does.
        mesh = distribution.checked_mesh(mesh)
        if isinstance(config, ClassConfig):
            require_used(self, Optimizer)
        # As the constructor of Keras does: what a class has set before, its base sets again.
        for name in KERAS_ATTRIBUTES:
            self.__dict__.pop(name, None)
        give_parts(self, OptimizerParts(self, config, mesh, made_by_config=made_by_config))

    def __repr__(self) -> str:
        # Also where a constructor shows itself before that of the base has run.
        return object.__repr__(self) if without_parts(self) else reports.description(parts_of(self))

    def __format__(self, spec: str) -> str:
        # The message of a Keras that cannot take it in `compile`, as the adapters are not imported, has this.
        return format(f"{self!r} (for `model.compile`: `{FOR_KERAS}.wrap(optimizer)`)", spec)

    @derived
    def config(self) -> Any:
        """The validated hyperparameters."""
        return parts_of(self).config

    @derived
    def state(self) -> SlotTable:
        """All state variables by name, including those of processors and of nested optimizers."""
        return parts_of(self).table

    def _state_owner(self) -> StateOwner:
        return parts_of(self).owner

    def _before_restore(self, child: str, saved: SavedObject) -> None:
        parts_of(self).checkpointing.before_restore(saved)

    # Processors have the same methods; neither is a kind of the other.
    add_slot = Stateful.add_slot
    add_state = Stateful.add_state

    def update_variables(self, gradients: Sequence[Tensor], variables: Sequence[Working]) -> None:
        """Update all variables that have a gradient in this step, by `update_step` for each.

        Override it where one needs to know of the others. Gradients are dense and parallel to `variables`.
        """
        step, update = _step_of(self), parts_of(self).node.written(self.update_step)
        for gradient, variable in zip(gradients, variables, strict=True):
            # A class written for Keras reads `self.learning_rate` and does not say for which variable.
            with step.updating(variable):
                update(gradient, variable)

    def groups(
        self, variables: Sequence[Variable]
    ) -> Mapping[str, tuple[OptimizerConfig, Sequence[Variable]]]:
        """Return the variables that other optimizers update: by name, a config and its variables.

        `variables` are all that this optimizer has; those in no group are its own. It is called
        again with all of them when more appear, and must put those that it knows where they were.
        """
        return {}

    def stack_key(self, variable: Variable) -> Hashable:
        """Return what is equal for variables that `update_step` may have stacked, beside shape and dtype.

        It is asked where the Config promises `stackable`: that variables of one shape may come as one, with
        a first axis that counts them in the variable, its gradient and all of its state. Override it where
        the formula treats variables of one shape differently, as by their paths.
        """
        return ()

    @derived
    def nested(self) -> Mapping[str, Optimizer]:
        """The nested optimizers by name, once this one is built."""
        return {name: cast(Optimizer, node.optimizer) for name, node in parts_of(self).node.inside.items()}

    @derived
    def own_variables(self) -> list[Variable]:
        """The variables of the model that this optimizer updates itself, once it is built."""
        return parts_of(self).node.own

    @derived
    def excluded_from_weight_decay(self) -> tuple[str, ...]:
        """Globs on the paths of the variables that weight decay leaves alone, once it is built."""
        return parts_of(self).node.excluded_from_weight_decay

    def path(self, variable: Variable | Working) -> str:
        """Return the unique path of a variable of the model that this optimizer knows."""
        return variable.path if isinstance(variable, Working) else parts_of(self).variables.path(variable)

    def select(self, selection: Selection, variables: Sequence[Variable], where: str) -> list[Variable]:
        """Return those of `variables` that a selection chooses.

        Raises
        ------
        ConfigError
            If a pattern in it matches no variable of the model, or nothing is chosen of these; `where` is
            how the message calls the selection.
        """
        known = parts_of(self).variables
        ranks = {known.path(variable): variable.shape.rank or 0 for variable in variables}
        paths = set(selected_paths(selection, ranks, where, map(known.path, known))) if ranks else set()
        return [variable for variable in variables if known.path(variable) in paths]

    def rate(self, like: Working | Tensor | DType) -> Tensor:
        """Return the learning rate of the step being traced, as a scalar in the dtype of `like`.

        Hand over the variable that is updated: its rate may have been changed.
        """
        step = _step_of(self)
        if isinstance(like, Working):
            return step.rate(like)
        return step.scalar(parts_of(self).learning_rate.in_steps, like)

    def scalar(self, value: Scalar, like: Working | Tensor | DType) -> Tensor:
        """Return a hyperparameter, be it a number or a schedule, at the step being traced."""
        return _step_of(self).scalar(value, like)

    def once(self, function: Callable[[DType], Computed], like: Working | Tensor | DType) -> Computed:
        """Return ``function(dtype)`` in the dtype of `like`, traced once in a step and not for each variable.

        For what all variables share, such as a bias correction. `function` must be the same object
        each time: a method of the optimizer.
        """
        return _step_of(self).once(function, like)

    def bias_correction(self, beta: Scalar, like: Working | Tensor | DType, ahead: int = 0) -> Tensor:
        """Return ``1 - beta^t`` with ``t = iterations + 1 + ahead``, as a scalar in the dtype of `like`.

        That is what an average of decay `beta` is divided by, as it starts at zero. `beta` is a field of
        type `BelowOneScalar`: of a schedule, ``beta^t`` is the product of its values in all steps, and
        of its present one again in those `ahead`. All variables share it: ask for it `once`.
        """
        return corrected_bias(_step_of(self), beta, like, ahead)

    def scale_loss(self, loss: Tensor) -> Tensor:
        """Return the loss as the processors want it differentiated, such as multiplied by a `loss_scale`.

        `minimize` and `compute_gradients` do it by themselves; in a loop with a tape of your own,
        take the gradients of what this returns, and call `build` before: a scale is state.
        """
        return scaled_loss(parts_of(self), loss)

    @derived
    def processors(self) -> tuple[Any, ...]:
        """The processors of this optimizer, in the order in which each stage runs them."""
        return tuple(parts_of(self).pipeline.processors.values())

    def add_processor(self, processor: object) -> None:
        """Append a processor to `processors`, at any time; the step is traced again by its next call.

        It may be what `processors` may list, and is in the config; an object without a config cannot be, and
        `get_config` refuses it. A `tf.function` of your own that has traced a step keeps what it traced: a
        warning here, and a note of `explain`, say so. Make that function anew; in `fit`, Keras does.
        """
        parts_of(self).add_processor(processor)

    def remove_processor(self, processor: object) -> None:
        """Take out a processor that `add_processor` appended; functions that have traced a step keep it."""
        parts_of(self).remove_processor(processor)

    def on_change(self, drop: Callable[[], None]) -> None:
        """Let a function be called when hooks or hyperparameters change that a traced step keeps.

        It is to drop every function around a step that it knows of, as an adapter for `fit` does.
        """
        parts_of(self).programs.droppers.append(drop)

    def averaged_weights(self) -> AbstractContextManager[None]:
        """Give the variables their final values, such as their averages, inside a ``with`` block.

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
        return averages_in_place(parts_of(self))

    def state_report(self, variables: Iterable[Variable] | None = None) -> StateReport:
        """Return how many bytes the state takes, by model variable and slot.

        Parameters
        ----------
        variables
            Variables of a model; nothing is created for them. By default those that the optimizer
            is built with.

        Raises
        ------
        BuildError
            If there are no variables.

        Examples
        --------
        >>> import optiplug, tensorflow as tf
        >>> kernel = tf.Variable(tf.zeros([256, 10]), name="kernel")
        >>> report = optiplug.create("adam").state_report([kernel])
        >>> report.total
        20492
        >>> print(report)
        bytes          momentum  second_moment   total
        kernel           10,240         10,240  20,480
        iterations                                   8
        learning_rate                                4
        total            10,240         10,240  20,492
        """
        return reports.state_report(parts_of(self), variables)

    def explain(self, variables: Iterable[Variable] | None = None) -> Explanation:
        """Return what a step does to each variable: stages and processors in their order.

        Parameters
        ----------
        variables
            Variables of a model; nothing is created for them. By default those that the optimizer
            is built with.

        Raises
        ------
        BuildError
            If there are no variables.

        Examples
        --------
        >>> import optiplug, tensorflow as tf
        >>> kernel, bias = tf.Variable([[1.0]], name="kernel"), tf.Variable([1.0], name="bias")
        >>> decay = {"use": "weight_decay", "rate": 0.1, "skip": ["bias"]}
        >>> told = optiplug.create("sgd", learning_rate=0.5, processors=[decay]).explain([kernel, bias])
        >>> told["kernel"].decayed, told["bias"].decayed, told.learning_rate
        (True, False, 0.5)
        """
        return reports.explain(parts_of(self), variables)

    def compiled_program(self) -> str:
        """Return the compiled core of a step on one device, for all variables, as XLA has optimized it.

        Raises
        ------
        BuildError
            If there are no variables yet, or if nothing is compiled.

        Examples
        --------
        >>> import optiplug, tensorflow as tf
        >>> optimizer = optiplug.create("sgd", momentum=0.9)
        >>> optimizer.build([tf.Variable(tf.zeros([64, 33]))])
        >>> "fusion" in optimizer.compiled_program(), " copy(" in optimizer.compiled_program()
        (True, False)
        """
        return reports.compiled_program(parts_of(self))

    @derived
    def trace_count(self) -> int:
        """Count the traces of the compiled core: one for each device, list of variables and set of hooks."""
        return parts_of(self).programs.traces.count("core")


def _step_of(optimizer: Optimizer) -> Step:
    step = current_step()
    if step is None:
        rule = "the learning rate of a step exists only inside `update_step`"
        raise BuildError(rule, where=parts_of(optimizer).name)
    return step

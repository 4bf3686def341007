"""What the adapters for Keras 3 and for tf_keras share: all but the way in which they take a step."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self
from urllib.parse import quote, unquote

import numpy as np
import numpy.typing as npt
import tensorflow as tf

import optiplug
from optiplug import Tensor, Variable, match_variables

from .compiled_models import models_of, rebuild
from .rates import Rates
from .saved_state import SavedState
from .trained_variables import TrainedVariables

__all__ = ["Adapter", "register"]

# What Keras sets in its constructor, and would act on around a step that does it already.
_OF_KERAS = (
    *("clipnorm", "clipvalue", "global_clipnorm", "weight_decay", "gradient_accumulation_steps"),
    *("use_ema", "ema_momentum", "ema_overwrite_frequency"),
)


# What Keras' LossScaleOptimizer sets on the optimizer that it takes, and a user to have Keras scale the loss.
_SCALERS = ("loss_scale_factor", "_is_wrapped_by_loss_scale_optimizer")


def register(saving: Any, kind: type, name: str) -> None:
    """Register a class with the module `saving` of a Keras, which loads models that have it."""
    # The last package is the one that is saved. Where the class is not registered, Keras' message has it.
    for package in ("optiplug", "import optiplug_keras"):
        saving.register_keras_serializable(package, name)(kind)


class Adapter:
    """Mixin of an optimizer class of Keras that hands everything to an optimizer of optiplug.

    `optimizer` is that optimizer, and all state is its own.
    """

    optimizer: optiplug.Optimizer
    name: str
    built: bool

    def __init__(self, optimizer: optiplug.Optimizer, **keywords: Any) -> None:
        super().__init__(name=optimizer.name, **keywords)  # type: ignore[call-arg]  # the next base is of Keras
        # Its constructor sets them to what does nothing; read, they answer from the config.
        for name in _OF_KERAS:
            vars(self).pop(name, None)
        self.optimizer = optimizer
        # Objects of plain classes, in which Keras does not track the variables of the model.
        self._model, self._waiting = TrainedVariables(), SavedState()
        self._unconfirmed: SavedState | None = None
        self._rates = Rates(optimizer)
        optimizer.on_change(lambda: rebuild(self))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({vars(self).get('optimizer')!r})"

    def __setattr__(self, name: str, value: object) -> None:
        wrapped = vars(self).get("optimizer")
        if wrapped is not None and name in _SCALERS:
            self._refuse_second_scaler(around=True)
        if wrapped is not None and (name in _OF_KERAS or _is_hyperparameter(wrapped, name)):
            if value == getattr(self, name):
                return
            raise optiplug.ConfigError(
                f"{name!r} cannot be set on an optimizer that is wrapped",
                received=value,
                hint="give it, or a processor, to `optiplug_keras.wrap`",
            )
        super().__setattr__(name, value)

    @property
    def _loss_scaler(self) -> object:
        """The processor that scales the loss, if there is one."""
        return next((each for each in self.optimizer.processors if hasattr(each, "scale_loss")), None)

    @property
    def _scaled_around(self) -> bool:
        """Whether Keras scales the loss."""
        return any(getattr(self, name, None) for name in _SCALERS)

    def _refuse_second_scaler(self, around: bool) -> None:
        """Refuse what scales the loss around an optimizer that scales it."""
        if around and self._loss_scaler is not None:
            raise optiplug.ConfigError(
                "a loss is scaled once: Keras would scale it, and so does a processor",
                where=self.name,
                received=self._loss_scaler,
                hint="leave the processor out; Keras does it under the policy mixed_float16, unless a model "
                "of Keras 3 is compiled with auto_scale_loss=False",
            )

    # Asked only for what is not found otherwise.
    def __getattr__(self, name: str) -> Any:
        wrapped = vars(self).get("optimizer")
        if wrapped is not None and (name in _OF_KERAS or _is_hyperparameter(wrapped, name)):
            return getattr(wrapped.config, name, None)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    @property
    def iterations(self) -> Variable:
        """The number of steps committed so far, as a variable."""
        return self.optimizer.iterations

    @iterations.setter
    def iterations(self, variable: Variable) -> None:
        self.optimizer.iterations = variable

    @property
    def learning_rate(self) -> Variable | Tensor | optiplug.State:
        """The learning rate that callbacks read and set: the first one of an optimizer with others inside.

        To set it to a number changes those of the others by the same factor.

        Raises
        ------
        ConfigError
            If there is none; when it is set, if it follows a schedule.
        """
        return self._rates.read()

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        self._rates.set(value)

    def scale_loss(self, loss: Tensor) -> Tensor:
        """Return the loss as it is to be differentiated: multiplied by the scale of a processor.

        A scale is state: the optimizer is built for the model that is compiled with it, if it is not yet.
        """
        self._refuse_second_scaler(self._scaled_around)
        if not self.built and self._loss_scaler is not None:
            for model in models_of(self):
                if model.optimizer is self:
                    # A call may be in a `tf.function`, which must not create variables.
                    with tf.init_scope():
                        self.build(model.trainable_variables)
        return self.optimizer.scale_loss(loss)

    def exclude_from_weight_decay(
        self, var_list: Iterable[Variable] | None = None, var_names: Iterable[str] | None = None
    ) -> None:
        """Exclude variables from `weight_decay`: these, and all whose path matches a regular expression."""
        self.optimizer.exclude_from_weight_decay(var_list, var_names)

    def finalize_variable_values(self, var_list: Iterable[Variable]) -> None:
        """Assign the final values, such as their averages, to the variables when training has ended."""
        self.optimizer.finalize_variable_values(list(var_list))

    def get_config(self) -> dict[str, Any]:
        """Return the config of the optimizer as plain values, its name under "use".

        Raises
        ------
        ConfigError
            If its class, or something in its config, can be used in code only, or if a learning rate was set
            before the optimizers inside were built.
        """
        self._rates.require_settled()
        config: dict[str, Any] = self.optimizer.get_config()
        if "use" not in config:
            raise optiplug.ConfigError(
                f"{type(self.optimizer).__name__} has no registered name, so a model with it cannot be saved",
                where=self.name,
                hint="give the class a Config, and register it with `optiplug.register`",
            )
        return config

    @classmethod
    def from_config(
        cls,
        config: Mapping[str, object],
        custom_objects: Mapping[str, object] | None = None,  # noqa: ARG003  # the registry finds what is named
    ) -> Self:
        """Create an adapter from what `get_config` returned; names in it are looked up in the registry.

        Raises
        ------
        ConfigError
            If the config breaks rules, or names a plugin that is not installed.
        """
        plain = {name: value for name, value in config.items() if name != "is_legacy_optimizer"}
        return cls(optiplug.from_config(plain))

    def set_weights(self, weights: Sequence[npt.ArrayLike]) -> None:
        """Set the state from arrays in the order of `variables`; all, or none."""
        self.optimizer.set_weights(weights)

    def save_own_variables(self, store: Any) -> None:
        """Put the state into a mapping or a group of an HDF5 file, and what tells its variables apart."""
        self._confirm()
        values: dict[str, Any] = {}
        self.optimizer.save_own_variables(values)
        identities = self._model.identities(self._model.known)
        saved = SavedState(values, self.optimizer.state.homes, identities).joined(self._waiting)
        for key, value in saved.dump().items() if saved.values else ():
            store[quote(key, safe="")] = value  # a slash would open a group

    def load_own_variables(self, store: Any) -> None:
        """Set the state from such a mapping; all, or none.

        State follows its variable, whatever has become of names and places. That of a variable which is
        frozen here waits until it is trained. As in Keras, weights can be loaded into a model that is not
        trained any further: where this optimizer is not built, or nothing was saved for it, that is a
        warning, and so is a variable that no state was saved of.

        Raises
        ------
        StateError
            If state or shapes differ from those of this optimizer, or nothing tells which variable is which.
        """
        arrays = {unquote(key): np.asarray(store[key]) for key in store.keys()}  # noqa: SIM118  # no mapping
        if self.built and arrays:
            self._load(SavedState.read(arrays, self.optimizer.state.homes, self.name))
        elif self.built or arrays:
            reason = "the weights were saved without it" if self.built else "it is not built"
            warnings.warn(f"The state of {self.name!r} is not loaded: {reason}.", stacklevel=2)

    def _load(self, saved: SavedState) -> None:
        # Earlier versions did not tell the variables apart.
        known = list(self._model.known) if saved.identities else []
        pairs, confirmed = match_variables(saved.identities, self._model.identities(known), self.name)
        fresh = [path for path in known if path not in pairs]
        present: dict[str, Any] = {}
        self.optimizer.save_own_variables(present)
        homes = self.optimizer.state.homes
        kept = {name: present[name] for name, (_, path) in homes.items() if path in fresh}
        self.optimizer.load_own_variables({**saved.renamed(pairs), **kept})
        self._waiting = saved.without(pairs.values())
        self._unconfirmed = None if confirmed else saved
        if fresh and confirmed:
            warnings.warn(
                f"{self.name}: no saved state is known to be that of {fresh}, which start afresh.",
                stacklevel=4,
            )

    def _build(self, variables: Sequence[Variable]) -> None:
        """Create the state for the variables that are trained, given in the order of the model."""
        self._confirm()
        if self._model.are(variables):
            return
        self.optimizer.build(variables)
        self._rates.settle()
        late = self._model.meet({self.optimizer.path(each): each for each in variables})
        if late and self._waiting.identities:
            # The values of variables are there outside of a function that is traced only.
            with tf.init_scope():
                self._resume(list(late))

    def _confirm(self) -> None:
        """Look at state again that was loaded before the weights, whose values tell whose it is."""
        saved, self._unconfirmed = self._unconfirmed, None
        if saved is not None:
            with tf.init_scope():
                self._load(saved)
            self._unconfirmed = None

    def _resume(self, late: Sequence[str]) -> None:
        """Give variables that were frozen when state was loaded their state."""
        try:
            pairs, _ = match_variables(self._waiting.identities, self._model.identities(late), self.name)
        except optiplug.StateError:
            warnings.warn(f"{self.name}: {late} start afresh: no saved state is theirs.", stacklevel=4)
            return
        for name, value in self._waiting.renamed(pairs).items():
            self.optimizer.state.states[name].assign(value)
        self._waiting = self._waiting.without(pairs.values())


def _is_hyperparameter(optimizer: optiplug.Optimizer, name: str) -> bool:
    """Whether a name is that of a hyperparameter, and not of a member that Keras keeps itself."""
    # Keras says with `jit_compile` what it does around the step, and sets it in `compile`.
    kept = name in ("name", "jit_compile") or hasattr(Adapter, name)
    return name in type(optimizer.config).model_fields and not kept

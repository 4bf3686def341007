"""What the adapters for Keras 3 and for tf_keras share: all but the way in which they take a step."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self
from urllib.parse import quote, unquote

import numpy as np
import numpy.typing as npt

import optiplug
from optiplug import Tensor, Variable

__all__ = ["Adapter"]

# What Keras sets in its constructor, and would act on around a step that does it already.
_OF_KERAS = (
    *("clipnorm", "clipvalue", "global_clipnorm", "weight_decay", "gradient_accumulation_steps"),
    *("use_ema", "ema_momentum", "ema_overwrite_frequency"),
)


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

    def __setattr__(self, name: str, value: object) -> None:
        wrapped = vars(self).get("optimizer")
        if wrapped is not None and (name in _OF_KERAS or _is_hyperparameter(wrapped, name)):
            if value == getattr(self, name):
                return
            raise optiplug.ConfigError(
                f"{name!r} cannot be set on an optimizer that is wrapped",
                received=value,
                hint="give it, or a processor, to `optiplug_keras.wrap`",
            )
        super().__setattr__(name, value)

    # Asked only for what is not found otherwise.
    def __getattr__(self, name: str) -> Any:
        wrapped = vars(self).get("optimizer")
        if wrapped is not None and (name in _OF_KERAS or _is_hyperparameter(wrapped, name)):
            return getattr(wrapped.config, name, None)
        if wrapped is not None and name == "_model_variables_moving_average":
            raise optiplug.ConfigError(
                "averages are state of optiplug, and Keras' `SwapEMAWeights` does not find them",
                where=self.name,
                hint="use `with model.optimizer.optimizer.averaged_weights():`",
            )
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    @property
    def iterations(self) -> Variable:
        """The number of steps committed so far, as a variable."""
        return self.optimizer.iterations

    @iterations.setter
    def iterations(self, variable: Variable) -> None:
        self.optimizer.iterations = variable

    @property
    def learning_rate(self) -> Variable | Tensor:
        """The learning rate: a variable, or the value of a schedule now."""
        return self.optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        self.optimizer.learning_rate = value

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
            If its class, or something in its config, can be used in code only.
        """
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
        """Put the state into a mapping or a group of an HDF5 file, each array under its key."""
        values: dict[str, Any] = {}
        self.optimizer.save_own_variables(values)
        keys = self._keys()
        for name, value in values.items():
            store[quote(keys.get(name, name), safe="")] = value  # a slash would open a group

    def load_own_variables(self, store: Any) -> None:
        """Set the state from such a mapping; all, or none.

        As in Keras, weights can be loaded into a model that is not trained any further: where
        this optimizer is not built, or nothing was saved for it, that is a warning.

        Raises
        ------
        StateError
            If the names or shapes differ from those of this optimizer.
        """
        names = {key: name for name, key in self._keys().items()}
        keys = [(key, unquote(key)) for key in store.keys()]  # noqa: SIM118  # no mapping
        if self.built and keys:
            values = {names.get(plain, plain): np.asarray(store[key]) for key, plain in keys}
            self.optimizer.load_own_variables(values)
        elif self.built or keys:
            reason = "the weights were saved without it" if self.built else "it is not built"
            warnings.warn(f"The state of {self.name!r} is not loaded: {reason}.", stacklevel=2)

    def _keys(self) -> dict[str, str]:
        """Return the key of each state in a file, by its name.

        In place of the path of a variable it has the variable's place, by which Keras finds the
        weights of a model too: paths are others once a model was loaded or made a second time.
        """
        homes = self.optimizer.state.homes
        paths = dict.fromkeys(path for _, path in homes.values())
        places = {path: place for place, path in enumerate(paths)}
        return {name: f"{slot}/{places[path]}" for name, (slot, path) in homes.items()}


def _is_hyperparameter(optimizer: optiplug.Optimizer, name: str) -> bool:
    """Whether a name is that of a hyperparameter, and not of a member that Keras keeps itself."""
    # Keras says with `jit_compile` what it does around the step, and sets it in `compile`.
    kept = name in ("name", "jit_compile") or hasattr(Adapter, name)
    return name in type(optimizer.config).model_fields and not kept

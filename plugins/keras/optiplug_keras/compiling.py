"""What says which optimizer is meant, given to `model.compile` as it is."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from os import PathLike
from types import ModuleType
from typing import Any

import optiplug

from .adapter import Adapter
from .compiled_models import COMPILED
from .wrapping import PREFIX, names_file, wrap

__all__ = ["for_model", "let_compile_take_ours"]


def let_compile_take_ours(keras: ModuleType) -> None:
    """Let `compile` of the models of a Keras hand over its optimizer to `for_model`.

    Keras asks nobody what a mapping, a path or an optimizer that it does not know may be: it fails.
    """
    # The class that has it: Keras compares the method with that one's when a model is loaded.
    owner: Any = next(each for each in keras.Model.__mro__ if "compile" in vars(each))
    original = owner.compile

    @functools.wraps(original)
    def compile(self: Any, *args: Any, **keywords: Any) -> Any:  # noqa: A001  # Keras calls it so
        if args:
            args = (for_model(args[0], keras), *args[1:])
        elif "optimizer" in keywords:
            keywords["optimizer"] = for_model(keywords["optimizer"], keras)
        COMPILED.add(self)
        return original(self, *args, **keywords)

    owner.compile = compile


def for_model(optimizer: Any, keras: ModuleType) -> Any:
    """Return what a model of this Keras can be compiled with; what is not ours, as it is.

    Raises
    ------
    ConfigError
        If it is ours, and breaks a rule.
    PluginError
        If it names what is not installed, or cannot be used.
    """
    if isinstance(optimizer, list | tuple):
        return type(optimizer)([for_model(each, keras) for each in optimizer])
    if isinstance(optimizer, Adapter):
        known = isinstance(optimizer, keras.optimizers.Optimizer)
        return optimizer if known else wrap(optimizer.optimizer, keras=keras)
    if isinstance(optimizer, Mapping) and _is_optimizer(*optimizer.values(), keras=keras):
        return {name: for_model(each, keras) for name, each in optimizer.items()}
    return wrap(optimizer, keras=keras) if _is_ours(optimizer) else optimizer


def _is_optimizer(*values: object, keras: ModuleType) -> bool:
    kinds = (optiplug.Optimizer, keras.optimizers.Optimizer)
    return bool(values) and all(isinstance(each, kinds) for each in values)


def _is_ours(optimizer: object) -> bool:
    if isinstance(optimizer, str):
        return optimizer.startswith(PREFIX) or names_file(optimizer)
    if isinstance(optimizer, Mapping):
        return "class_name" not in optimizer  # what Keras calls a config
    ours = optiplug.Optimizer | optiplug.NamedConfig
    if isinstance(optimizer, type):
        return issubclass(optimizer, ours)
    return isinstance(optimizer, ours | PathLike)

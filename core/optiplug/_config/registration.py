"""Registers a class of this session under a name, so that a config can use it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any, TypeVar, overload

from pydantic import create_model

from optiplug import registry
from optiplug._hookspecs import hook_names
from optiplug.errors import ConfigError

from .base import NamedConfig
from .kinds import OptimizerConfig, ProcessorConfig
from .promises import is_elementwise, is_stackable, takes_complex

__all__ = ["config_class", "register"]

Thing = TypeVar("Thing", bound=type)


@overload
def register(thing: Thing, name: str | None = None) -> Thing: ...
@overload
def register(*, name: str) -> Callable[[Thing], Thing]: ...
def register(thing: Any = None, name: str | None = None) -> Any:
    """Offer a class by name until the process ends; also a decorator, with or without a name.

    `thing` is a Config class, a class with a `Config` (an optimizer, processor or schedule), or any
    class with methods marked `hookimpl` that is made without arguments. Its default name is the
    class name in snake case. Returns `thing`.

    Raises
    ------
    ConfigError
        If `thing` is anything else.
    AmbiguousPluginError
        If the name is reserved for a plugin that comes with optiplug.

    Examples
    --------
    >>> from optiplug import hookimpl, register, registry
    >>> @register
    ... class HalveGradients:
    ...     @hookimpl
    ...     def clip(self, gradients, step):
    ...         return [gradient / 2 for gradient in gradients]
    >>> registry.find("processors", "halve_gradients").qualified
    'halve_gradients@this session'
    """
    if thing is None:
        return lambda decorated: register(decorated, name)
    config = config_class(thing)
    registry.register(config.kind, _snake_case(thing.__name__) if name is None else name, config)
    return thing


class _PlainHookConfig(ProcessorConfig):
    """Base of the configs made for classes with hooks but without a Config of their own."""

    def create(self, **runtime: object) -> Any:
        hook = self.load_implementation()()
        hook.config = self  # where the pipeline looks for `name`, `only` and `skip`
        return hook


def config_class(thing: object) -> type[NamedConfig]:
    """Return the Config under which `thing` is registered, making one if it has none of its own.

    Raises
    ------
    ConfigError
        If nothing that a config could name can be made of `thing`.
    """
    if isinstance(thing, type) and issubclass(thing, NamedConfig):
        return thing
    config = getattr(thing, "Config", None)
    if isinstance(thing, type) and isinstance(config, type) and issubclass(config, NamedConfig):
        if "Config" not in vars(thing):
            # Read before the class has a Config of its own, which would answer for it.
            promises = is_elementwise(thing), takes_complex(thing)
            stackable = is_stackable(thing)
            config = thing.Config = _config_for(thing, config)  # type: ignore[attr-defined]  # read above
            if issubclass(config, OptimizerConfig | ProcessorConfig):
                config.elementwise, config.complex_variables = promises
            if issubclass(config, OptimizerConfig):
                config.stackable = stackable
        elif "implementation" not in vars(config):
            config.implementation = thing
        return config
    if not isinstance(thing, type) or not hook_names(thing):
        raise ConfigError(
            "only a Config, a class with a Config, or a class with hooks can be registered", received=thing
        )
    # A document could not say its arguments, and a dump would lose them.
    if inspect.signature(thing).parameters:
        raise ConfigError(
            f"{thing.__name__} takes arguments, which a config could not give it",
            received=thing,
            hint="derive it from optiplug.Processor and list its arguments in a Config",
        )
    return _config_for(thing, _PlainHookConfig)


def _config_for(thing: type, base: type[NamedConfig]) -> type[NamedConfig]:
    config = create_model(
        f"{thing.__name__}Config",
        __base__=base,
        __module__=thing.__module__,
        __doc__=inspect.getdoc(thing) or f"{thing.__name__}, registered by code.",
    )
    config.implementation = thing
    return config


def _snake_case(name: str) -> str:
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name.removesuffix("Config"))
    return words.lower().strip("_")

"""Constructors that take a config or its fields: of optimizers, processors and schedules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from inspect import Parameter, Signature, signature
from typing import Any, ClassVar, Protocol

from optiplug.errors import ConfigError

from .base import NamedConfig

__all__ = ["Configured", "HasConfig", "configure", "show_signature"]


def configure(
    configured: type[HasConfig], positional: Sequence[object], hyperparameters: Mapping[str, object]
) -> Any:
    """Return the validated config for the arguments of a constructor.

    ``Thing(0.1, momentum=0.9)``, ``Thing(ThingConfig(...))`` and ``ThingConfig(...).create()`` are
    the same.

    Raises
    ------
    ConfigError
        If an argument breaks a rule of the `Config`; all broken rules are listed.
    """
    config = configured.Config
    if len(positional) == 1 and isinstance(positional[0], config) and not hyperparameters:
        return positional[0]
    names = _positional_names(config)
    if len(positional) > len(names):
        raise ConfigError(
            f"{configured.__name__} takes at most {len(names)} positional arguments ({', '.join(names)})",
            received=tuple(positional),
            hint="pass the others by name",
        )
    given = dict(zip(names, positional, strict=False))
    # Python would find this in a signature; here the arguments are collected by `*` and `**`.
    twice = sorted(given.keys() & hyperparameters.keys())
    if twice:
        raise ConfigError(
            f"{configured.__name__} got {twice[0]!r} by position and by name", received=tuple(positional)
        )
    return config(**given, **hyperparameters)


def show_signature(configured: type[HasConfig]) -> None:
    """Give a class with a `Config` of its own, and no constructor, the signature of its fields.

    That is its own fields in order, then, by keyword only, those of the base config and what the
    constructor takes beside a config.
    """
    # A subclass inherits the signature; one with a constructor of its own has its own.
    if "Config" in vars(configured) and "__init__" not in vars(configured):
        shown = _OfTheClass(_signature(configured))
        configured.__signature__ = shown  # type: ignore[attr-defined]  # read by inspect


class HasConfig(Protocol):
    """A class that a config creates objects of."""

    Config: ClassVar[type[NamedConfig]]


class Configured:
    """Base of processors and schedules, which are created from a config."""

    Config: ClassVar[type[NamedConfig]]

    def __init_subclass__(cls, **keywords: object) -> None:
        super().__init_subclass__(**keywords)
        show_signature(cls)

    def __init__(self, *positional: object, **hyperparameters: object) -> None:
        self.config: Any = configure(type(self), positional, hyperparameters)

    def __setattr__(self, name: str, value: object) -> None:
        config = vars(self).get("config")
        # Nobody would read a number of the name of a field, and a step that was traced no other config.
        if isinstance(config, NamedConfig) and (
            name == "config" or _takes_place_of_field(config, name, value)
        ):
            raise ConfigError(
                "a hyperparameter cannot be set on an object that was created",
                where=f"{type(self).__name__}.{name}",
                received=value,
                hint="create another; an attribute of its own needs another name",
            )
        super().__setattr__(name, value)


def _takes_place_of_field(config: NamedConfig, name: str, value: object) -> bool:
    if name not in type(config).model_fields or not isinstance(value, bool | int | float | str | None):
        return False
    return bool(value != getattr(config, name))


class _OfTheClass:
    """A class attribute that instances lack: a schedule is created and called with different arguments."""

    def __init__(self, value: Signature) -> None:
        self.value = value

    def __get__(self, instance: object | None, owner: type) -> Signature:
        if instance is not None:
            raise AttributeError("__signature__")
        return self.value


def _inherited(config: type[NamedConfig]) -> set[str]:
    """Return the fields that come from the base config of a kind, shared by all plugins of it."""
    bases = [base for base in config.__mro__[1:] if "kind" in base.__dict__]
    return {name for base in bases for name in base.model_fields}  # type: ignore[attr-defined]  # pydantic's


def _positional_names(config: type[NamedConfig]) -> list[str]:
    inherited = _inherited(config)
    return [name for name in config.model_fields if name not in inherited] or list(config.model_fields)


def _signature(configured: type[HasConfig]) -> Signature:
    config = configured.Config
    own = _positional_names(config)
    parameters = [
        Parameter(
            name,
            Parameter.POSITIONAL_OR_KEYWORD if name in own else Parameter.KEYWORD_ONLY,
            default=Parameter.empty if field.is_required() else field.get_default(call_default_factory=True),
            annotation=field.annotation,
        )
        for name, field in config.model_fields.items()
    ]
    beside = signature(configured.__init__).parameters.values()
    parameters += [each for each in beside if each.kind is Parameter.KEYWORD_ONLY]
    # A required argument cannot follow an optional one in a signature, whatever order the fields have.
    return Signature(sorted(parameters, key=lambda each: (each.kind, each.default is not Parameter.empty)))

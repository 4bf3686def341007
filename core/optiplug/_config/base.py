"""The base of every config that a plugin offers by name."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

from pydantic import (
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    model_validator,
)
from pydantic_core import CoreSchema, core_schema

from optiplug import registry
from optiplug._hookspecs import hook_names
from optiplug._registry.importing import imported
from optiplug.errors import ConfigError, PluginError, Problem, StateError

from .conditions import needing
from .keras_schedules import how_to_save, saved
from .plain_numbers import Followed
from .problem_search import ends_early
from .section import Section

if TYPE_CHECKING:  # its module imports TensorFlow
    from optiplug._types import Array

__all__ = [
    "NamedConfig",
    "ScheduleConfig",
    "config_of",
    "config_of_registered",
    "plain_values",
    "reference_schema",
    "resolve",
    "with_fields",
]

Config = TypeVar("Config", bound="NamedConfig")


class NamedConfig(Section):
    """Hyperparameters of one plugin: validated and frozen. Nothing here imports TensorFlow.

    A subclass lists its hyperparameters as fields, each with its default and a docstring below
    it, and says in `implementation` which class they configure. Unknown keys, NaN, infinities and
    booleans in place of numbers are refused; a ConfigError lists every broken rule at once.

    Where a field is required, `example` holds hyperparameters for trying the plugin out:
    ``Config(**Config.example)`` is what its documentation and `optiplug.testing` create. `replaced`
    says what to write instead of a key that was a field once, or is one elsewhere.

    `needs` maps a field that does nothing without another one to that other, or to ``"other=value"``;
    where the other is not set, or has another value, the field is refused if it is set.

    What keeps state between steps raises `state_version` when names or shapes of its state change,
    and offers `migrate_state` for older versions. `keras_slots` maps the names that Keras gives to
    the state of the same algorithm to ours, for `optiplug.convert`.

    A field whose type is the config base of a kind, e.g. ``ScheduleConfig``, accepts whatever the
    registry offers of that kind: ``{"use": "cosine", ...}``, ``"name"`` or a config.

    Raises
    ------
    ConfigError
        If a value breaks a rule of its field.

    Examples
    --------
    >>> from optiplug import OptimizerConfig
    >>> class DescentConfig(OptimizerConfig):
    ...     implementation = "my_package.descent:Descent"
    ...     rate: float = 0.01
    >>> DescentConfig(rate=1).rate
    1.0
    >>> DescentConfig(rate=True)
    Traceback (most recent call last):
    optiplug.ConfigError: rate: must be a number. Received: True.
    """

    kind: ClassVar[str]
    implementation: ClassVar[str | type]
    paper: ClassVar[str] = ""
    state_version: ClassVar[int] = 1
    keras_slots: ClassVar[Mapping[str, str]] = {}
    needs: ClassVar[Mapping[str, str]] = {}
    example: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, /, **values: object) -> None:
        # A base of a kind defines `kind` itself; plugins inherit it.
        if "kind" in type(self).__dict__:
            raise TypeError(f"{type(self).__name__} is abstract: it has no implementation")
        super().__init__(**values)

    @model_validator(mode="after")
    def _settings_have_an_effect(self) -> Self:
        found = [
            Problem((name,), f"has no effect without `{other}`", getattr(self, name), "set both, or neither")
            for each in type(self).__mro__
            for name, other in vars(each).get("needs", {}).items()
            if self._is_set(name) and not self._holds(other)
        ]
        if found:
            raise ConfigError(found)
        return self

    def _is_set(self, name: str) -> bool:
        # What `get_config` writes has every field, most of them with their defaults.
        default = type(self).model_fields[name].get_default(call_default_factory=True)
        return name in self.model_fields_set and bool(getattr(self, name) != default)

    def _holds(self, needed: str) -> bool:
        name, _, value = needed.partition("=")
        return getattr(self, name) == value if value else bool(getattr(self, name))

    @classmethod
    def __pydantic_init_subclass__(cls, **keywords: object) -> None:
        """Put the fields of the plugin before those that all plugins of its kind have."""
        super().__pydantic_init_subclass__(**keywords)
        # Arguments by position go to the first fields, which have to be those of the plugin.
        lineage = inspect.getmro(cls)
        base = next((index for index, each in enumerate(lineage) if "kind" in each.__dict__), len(lineage))
        own = [name for each in reversed(lineage[:base]) for name in inspect.get_annotations(each)]
        # Only in this hook: pydantic collects the fields after `__init_subclass__` has run.
        fields = cls.__pydantic_fields__
        if "use" in fields:
            raise TypeError(f"{cls.__name__}: `use` names the plugin, so it cannot be a field")
        ordered = {name: fields[name] for name in [*own, *fields] if name in fields}
        fields.clear()
        fields.update(ordered)

    def create(self, **runtime: object) -> Any:
        """Return an object of the `implementation`, configured by this.

        `runtime` is what an implementation takes beside a config, such as the `mesh` of an optimizer.

        Raises
        ------
        BrokenPluginError
            If the implementation cannot be imported.
        """
        return self.load_implementation()(self, **runtime)

    @classmethod
    def load_implementation(cls) -> Any:
        """Return what `implementation` names, importing it.

        Raises
        ------
        BrokenPluginError
            If it cannot be imported.
        """
        target = cls.implementation
        if isinstance(target, type):
            return target
        try:
            whose = registry.reference_of(cls)
        except PluginError:  # it may have no name
            whose = cls.__name__
        return imported(target, f"{target}, the implementation of {whose}, cannot be imported")

    @classmethod
    def migrate_state(cls, version: int, values: Mapping[str, Array]) -> Mapping[str, Array]:  # noqa: ARG003
        """Return state that an older `version` saved, an array for each name, as this version names it.

        Names are those within this plugin, such as ``momentum/encoder/kernel``.

        Raises
        ------
        StateError
            If there is no way; here, always.
        """
        raise StateError(
            f"state of version {version} cannot be read by version {cls.state_version} of {cls.__name__}",
            hint="load it with the version of the plugin that saved it",
        )

    def dump(self) -> dict[str, Any]:
        """Return this config as plain JSON values: its name under "use", then every field.

        ``resolve(config.kind, config.dump()) == config``.

        Raises
        ------
        ConfigError
            If something in it can be used in code only: a function in place of a number, or a
            class that is not registered.
        """
        dumped: dict[str, Any] = plain_values(self)
        return dumped

    def dump_fields(self) -> dict[str, Any]:
        """Return the fields as `dump` does, for a config that need not have a name."""
        dumped: dict[str, Any] = plain_values(dict(self))
        return dumped

    @property
    def exemptions(self) -> Mapping[str, str]:
        """The checks of `optiplug.testing` that by its nature it cannot pass, each with the reason."""
        return {}

    @classmethod
    def summary(cls) -> str:
        """Return the first line of the docstring."""
        return (cls.__doc__ or "").strip().partition("\n")[0]

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        if "kind" not in cls.__dict__:
            return handler(source)
        # A field annotated with the base of a kind accepts any plugin of that kind, by name.
        return core_schema.no_info_plain_validator_function(lambda value: resolve(cls.kind, value))

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        if "kind" in cls.__dict__:
            return reference_schema(cls.kind)
        described = handler.resolve_ref_schema(handler(schema))
        described["properties"] = {"use": _USE, **described.get("properties", {})}
        described["required"] = ["use", *described.get("required", [])]
        between = cls._between_fields()
        return {**described, "allOf": between} if between else described

    @classmethod
    def _between_fields(cls) -> list[dict[str, Any]]:
        """Return the rules between fields, for the JSON Schema."""
        return needing(cls)


class ScheduleConfig(NamedConfig):
    """Base of the configs of schedules: hyperparameters that depend on the step.

    `implementation` names a subclass of `Schedule`, as text, so that its module, which imports
    TensorFlow, is imported only when a schedule is created.

    Raises
    ------
    ConfigError
        If a value breaks a rule of its field.

    Examples
    --------
    >>> import optiplug
    >>> class HalvingConfig(optiplug.ScheduleConfig):
    ...     implementation = "my_package.halving:Halving"
    ...     start: optiplug.PositiveFloat = 1.0
    >>> HalvingConfig(start=2).start
    2.0
    """

    kind = "schedules"


@ends_early
def resolve(kind: str, value: object) -> NamedConfig:
    """Return the validated config of this kind that `value` stands for.

    Parameters
    ----------
    kind
        One of `registry.KINDS`.
    value
        ``{"use": reference, ...}``, a reference, a config, or an object that keeps one as `config`.

    Raises
    ------
    ConfigError
        If a rule is broken, with every problem and its path from `value` on.

    Examples
    --------
    >>> resolve("optimizers", {"use": "sgd", "momentum": 0.9}).momentum
    0.9
    """
    config = config_of(value)
    if config is not None:
        if config.kind != kind:
            raise ConfigError(f"must be one of the {kind}, not of the {config.kind}", received=value)
        return config
    if isinstance(value, str):
        return _config_class(kind, value, ())()
    if not isinstance(value, Mapping):
        raise ConfigError(
            f"must be one of the {kind}", received=value, hint="write `use: NAME` with its fields"
        )
    odd = [key for key in value if not isinstance(key, str)]
    if odd:
        raise ConfigError([Problem((), "keys must be texts", key) for key in odd])
    if "use" not in value:
        known = ", ".join(sorted({entry.name for entry in registry.entries(kind)}))
        raise ConfigError("must say which plugin to `use`", received=value, hint=f"the {kind} are {known}")
    config_class = _config_class(kind, value["use"], ("use",))
    return config_class(**{key: item for key, item in value.items() if key != "use"})


def with_fields(config: Config, **fields: object) -> Config:
    """Return a config that has other values, validated, in these fields.

    Raises
    ------
    ConfigError
        If a value breaks a rule, alone or beside the others.
    """
    # Only what was given: a default may follow from other fields, or be refused beside them.
    given = {name: getattr(config, name) for name in config.model_fields_set}
    return type(config)(**{**given, **fields})


def config_of(value: object) -> NamedConfig | None:
    """Return `value` if it is a config, else the config that it keeps as `config`, if any."""
    config = value if isinstance(value, NamedConfig) else getattr(value, "config", None)
    return config if isinstance(config, NamedConfig) else None


def config_of_registered(value: object) -> NamedConfig | None:
    """Return the config of an object with hooks whose class is registered without one; it has defaults only.

    Raises
    ------
    UnknownPluginError
        If its class is not registered.
    """
    if not hook_names(value):
        return None
    found: NamedConfig = registry.get("processors", registry.reference_of(type(value)))()
    return found


def reference_schema(kind: str) -> dict[str, Any]:
    """Return the JSON Schema of a value that selects a plugin by name."""
    named = {"type": "object", "properties": {"use": _USE}, "required": ["use"], "x-optiplug-kind": kind}
    return {"anyOf": [_USE, named], "description": f"One of the {kind}."}


_USE = {"type": "string", "description": "NAME, NAME@DISTRIBUTION or NAME@DISTRIBUTION>=VERSION of a plugin."}


def _config_class(kind: str, reference: object, path: tuple[str | int, ...]) -> type[NamedConfig]:
    try:
        config: type[NamedConfig] = registry.get(kind, reference)
    except PluginError as error:
        raise ConfigError([Problem(path, error.rule, reference, error.hint, plugin=True)]) from error
    except ConfigError as error:
        raise error.each(lambda problem: problem.within(*path)) from None
    return config


def plain_values(value: object) -> Any:
    """Return a config, or a mapping or list with configs in it, as plain JSON values.

    Raises
    ------
    ConfigError
        With everything in it that can be used in code only.
    """
    # Problems are collected, so that one error lists all of them.
    found: list[Problem] = []
    dumped = _dumped(value, (), found)
    if found:
        raise ConfigError(found)
    return dumped


def _dumped(value: Any, path: tuple[str | int, ...], found: list[Problem]) -> Any:
    """Return `value` as plain JSON values, collecting what cannot be one in `found`."""
    if isinstance(value, Followed):
        value = value.now
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, tuple | list):
        return [_dumped(item, (*path, index), found) for index, item in enumerate(value)]
    config = config_of(value)
    if config is None:
        value = saved(value) or value
    if isinstance(value, Mapping) or (config is None and isinstance(value, Section)):
        return {str(key): _dumped(item, (*path, str(key)), found) for key, item in dict(value).items()}
    try:
        config = config or config_of_registered(value)
        if config is not None:
            fields = {"use": registry.reference_of(type(config)), **dict(config)}
            return {name: _dumped(item, (*path, name), found) for name, item in fields.items()}
    except PluginError as error:
        found.append(Problem(path, error.rule, value, error.hint))
        return None
    found.append(Problem(path, "can be used in code only", value, how_to_save(value)))
    return None

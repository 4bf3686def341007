"""Converts what describes an optimizer of another library into a config of optiplug."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from optiplug import ConfigError, OptimizerConfig, registry
from optiplug.errors import Problem

from .detection import LIBRARIES, detected, known
from .draft import Draft, Path

__all__ = ["Conversion", "convert"]

# Whoever reads a config asks for these first.
_ALWAYS = ("learning_rate", "weight_decay")


@dataclass(frozen=True)
class Conversion:
    """A config of optiplug, with what differs from where it comes from.

    `fields` is the config, `notes` are comments by the path of what they stand at in it, `left_out` says
    what could not be converted, and `source` is the library that it comes from.
    """

    source: str
    fields: Mapping[str, object]
    notes: Mapping[Path, Sequence[str]]
    left_out: Sequence[Problem]


def convert(data: Mapping[str, object], source: str | None = None, *, partial: bool = False) -> Conversion:
    """Convert the description of an optimizer of another library.

    Parameters
    ----------
    data
        What describes it, as plain data: see the page "Converting".
    source
        The library: "keras", "addons", "model-garden", "torch" or "optax"; by default it is detected.
    partial
        Convert what can be, and tell the rest in `left_out`.

    Raises
    ------
    ConfigError
        If something in it has no counterpart, with every such thing; paths are those of `data`.
    PluginError
        If the plugin that its counterpart is in is not installed, with what to install.

    Examples
    --------
    >>> from optiplug_convert import convert
    >>> dict(convert({"class_name": "SGD", "config": {"learning_rate": 0.1, "momentum": 0.9}}).fields)
    {'use': 'sgd', 'learning_rate': 0.1, 'momentum': 0.9}
    """
    library = known(source) if source else detected(data)
    draft = LIBRARIES[library](data)
    if draft.left_out and not partial:
        raise ConfigError(draft.left_out)
    config = _validated(draft)
    return Conversion(library, _short(draft.as_config(), config, draft), draft.notes, tuple(draft.left_out))


def _validated(draft: Draft) -> OptimizerConfig:
    """Return the config that the registry makes of it: what is written is what can be read."""
    fields = draft.as_config()
    config_class: Callable[..., OptimizerConfig] = registry.get("optimizers", fields.pop("use"))
    try:
        return config_class(**fields)
    except ConfigError as error:
        raise ConfigError([_in_source(problem, draft) for problem in error.problems]) from error


def _in_source(problem: Problem, draft: Draft) -> Problem:
    """Return a problem of the config as one of what it was converted from."""
    path = problem.path
    for length in range(len(path), 0, -1):
        origin = draft.origins.get(path[:length])
        if origin is not None:
            field = ".".join(map(str, path))
            return replace(problem, path=origin, rule=f"{problem.rule}, as `{field}` here")
    return problem


def _short(fields: dict[str, object], config: OptimizerConfig, draft: Draft) -> dict[str, object]:
    """Leave out what every config has by default, unless there is a comment at it."""
    defaults = type(config).model_fields
    noted = {path[0] for path in draft.notes if path}
    return {
        name: value
        for name, value in fields.items()
        if name in ("use", *_ALWAYS) or name in noted or getattr(config, name) != defaults[name].default
    }

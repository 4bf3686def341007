"""Which optimizers are diagnosed: names of installed ones, and config files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from optiplug import ConfigError, OptimizerConfig, registry
from optiplug.document import FORMATS, Document, read
from optiplug_lab.config import TrainConfig

from .diagnosis import diagnostics

__all__ = ["optimizer_of"]


def optimizer_of(text: str) -> OptimizerConfig:
    """Return the config that a name stands for, or that is in a file, also in that of a run.

    Raises
    ------
    ConfigError
        If the file is invalid, with line and column, or the optimizer of this name has to be told more.
    PluginError
        If what was named is not installed.
    """
    if Path(text).suffix in FORMATS:
        return _read(Path(text))
    config: type[OptimizerConfig] = registry.get("optimizers", text)
    try:
        return config()
    except ConfigError as error:
        hint = f"write a file with `use: {text}`, and name that"
        raise ConfigError(f"needs more than its name: {error}", where=text, hint=hint) from None


def _read(path: Path) -> OptimizerConfig:
    document = read(path)
    if "use" in document.data and "command" not in document.data:
        document = _inside(document)
    # A run on a diagnostic, so that patterns are checked against its variables.
    data: dict[str, Any] = {"task": next(iter(diagnostics())), "steps": 1}
    data |= {name: document.data[name] for name in ("optimizer", "plugins") if name in document.data}
    try:
        return TrainConfig(**data).optimizer
    except ConfigError as error:
        raise document.locate(error) from None


def _inside(document: Document) -> Document:
    """Return a document with this one, that of an optimizer, in it."""
    data = dict(document.data)
    # What may be used is said of a document as a whole.
    whole = {"plugins": data.pop("plugins")} if "plugins" in data else {}
    values, keys = (
        {("optimizer", *path): place for path, place in places.items()}
        for places in (document.values, document.keys)
    )
    values[()] = document.values[()]
    return replace(document, data={"optimizer": data, **whole}, values=values, keys=keys)

"""Where a JSON Schema says that a document is wrong, beside where we say so."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema

from optiplug import registry
from optiplug._config.inside import Path
from optiplug.cli.loading import load
from optiplug.document import Document
from optiplug.errors import ConfigError, Problem, UnknownPluginError

_VERSIONED = re.compile(r"'[^'@]+@[^'@<>=!~]+[<>=!~]")


def of_schema(validator: jsonschema.Draft202012Validator, document: Document) -> set[Path]:
    """Return the paths of the errors of a schema."""
    return {path for error in validator.iter_errors(document.data) for path in _paths(error)}


def of_ours(document: Document) -> dict[Path, Problem]:
    """Return our own problems by their paths."""
    try:
        load(document)
    except ConfigError as error:
        return {problem.path: problem for problem in error.problems}
    return {}


def _paths(error: jsonschema.ValidationError) -> Iterator[Path]:
    """Return where an error is, in our words: what is missing or unknown is a path of its own."""
    path = tuple(error.absolute_path)
    if error.validator == "required":
        missing = [name for name in error.validator_value if name not in error.instance]
        # Of a mapping that names no plugin we say so once, of the mapping.
        yield from (path if name in {"use", "command"} else (*path, name) for name in missing)
    elif error.validator == "additionalProperties":
        yield from ((*path, name) for name in error.instance if name not in error.schema["properties"])
    else:
        yield path


def why_only_ours(problem: Problem, data: Mapping[str, Any]) -> str:
    """Return why no schema can say this; empty if one could."""
    if problem.plugin and _VERSIONED.match(repr(problem.received)):
        return "what is installed is of another version"
    return "a plugin's code says so" if any(problem.rule in each for each in _sources(data)) else ""


def _sources(value: object) -> Iterator[str]:
    """Yield the source of the module of each Config that a document names."""
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    names = [value] if isinstance(value, str) else [member for member in members if isinstance(member, str)]
    for kind in registry.KINDS:
        for name in names:
            try:
                yield inspect.getsource(sys.modules[registry.get(kind, name).__module__])
            except (ConfigError, UnknownPluginError):
                continue
    for member in members:
        yield from _sources(member)

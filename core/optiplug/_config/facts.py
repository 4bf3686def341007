"""What a Config class says of its plugin, as JSON values: it may be asked for in a process apart."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from itertools import takewhile
from typing import Any

from optiplug._registry.reasons import reason
from optiplug.errors import BrokenPluginError
from optiplug.registry import KINDS, Entry

from .base import NamedConfig
from .kinds import OptimizerConfig

__all__ = ["definition", "definition_key", "facts", "prepare"]

_BOUNDS = ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "multipleOf")
_TYPES = {
    **dict.fromkeys(("properties", "$defs"), dict),
    **dict.fromkeys(("anyOf", "prefixItems", "required", "enum"), list),
    **dict.fromkeys(("description", "$ref", "pattern"), str),
    **dict.fromkeys(_BOUNDS, int | float),
}


def prepare() -> None:
    """Import what the first JSON Schema of a process needs, and fill the caches of pydantic."""
    OptimizerConfig.model_json_schema()


def facts(entry: Entry, config: type[NamedConfig]) -> dict[str, Any]:
    """Return all that there is to say of a plugin: its texts, its fields, and values to try it with.

    Raises
    ------
    BrokenPluginError
        If what it says is of the wrong type, or it has no JSON Schema.
    """
    if not isinstance(config.paper, str):
        raise BrokenPluginError(f"`paper` of {entry} must be a text")
    target, schema = config.implementation, _schema(entry, config, "#/$defs/{model}")
    return {
        "summary": config.summary(),
        "paper": config.paper,
        "docstring": (inspect.getdoc(config) or "").partition("\n>>>")[0].rstrip(),
        "implementation": target if isinstance(target, str) else f"{target.__module__}:{target.__qualname__}",
        "own": sorted(_own_fields(config)),
        "example": _example(config),
        "schema": schema,
    }


def definition_key(entry: Entry) -> str:
    """Return the key of a plugin among the definitions of a JSON Schema of many."""
    return f"{entry.kind}.{entry.qualified}"


def definition(entry: Entry, config: type[NamedConfig]) -> dict[str, Any]:
    """Return the JSON Schema of a plugin as one of many, whose parts are told apart by its key.

    Raises
    ------
    BrokenPluginError
        If it has none.
    """
    return _schema(entry, config, f"#/$defs/{definition_key(entry)}.{{model}}")


def _schema(entry: Entry, config: type[NamedConfig], references: str) -> dict[str, Any]:
    try:
        schema = config.model_json_schema(ref_template=references)
    except Exception as error:
        raise BrokenPluginError(f"the config of {entry} has no JSON Schema: {reason(error)}") from error
    if not _is_schema(schema) or not {"properties", "required"} <= schema.keys():
        raise BrokenPluginError(f"the config of {entry} has a JSON Schema that is none")
    return schema


def _is_schema(schema: object) -> bool:
    """Whether this can be read as a JSON Schema: a Config may rewrite what pydantic makes of it."""
    if not isinstance(schema, dict):
        return False
    fits = all(isinstance(schema[key], kind) for key, kind in _TYPES.items() if key in schema)
    return fits and schema.get("x-optiplug-kind", "tasks") in KINDS and all(map(_is_schema, _inside(schema)))


def _inside(schema: Mapping[str, Any]) -> list[object]:
    """Return the schemas that a schema holds."""
    named = [each for key in ("properties", "$defs") for each in schema.get(key, {}).values()]
    listed = [each for key in ("anyOf", "prefixItems") for each in schema.get(key, ())]
    return [*named, *listed, *(schema[key] for key in ("items",) if key in schema)]


def _own_fields(config: type[NamedConfig]) -> frozenset[str]:
    """Return the names of the fields that are the plugin's own, or that it has defined anew."""
    lineage = takewhile(lambda each: "kind" not in vars(each), inspect.getmro(config))
    annotated = frozenset(name for each in lineage for name in inspect.get_annotations(each))
    return annotated & frozenset(config.model_fields)


def _example(config: type[NamedConfig]) -> dict[str, Any]:
    """Return its own hyperparameters: those of its `example`, and the others that have a default."""
    chosen, own = config(**config.example), _own_fields(config)
    fields = {
        name: value
        for name, value in chosen.dump_fields().items()
        if name in config.example or (name in own and value not in (None, [], {}))
    }
    # As it was written: what is inside of it need not have all its defaults.
    return fields | {name: _plain(value) for name, value in config.example.items()}


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return list(map(_plain, value)) if isinstance(value, tuple | list) else value

"""`optiplug schema`: the JSON Schema of config files."""

from __future__ import annotations

import re
from typing import Any

from optiplug import registry
from optiplug.errors import BrokenPluginError
from optiplug.registry import Entry

from .cards import find, schema_of
from .output import message, print_json

__all__ = ["document_schema", "plugin_schema", "print_schema"]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def print_schema(name: str | None, kind: str | None) -> None:
    """Print the schema of one plugin, or of all documents."""
    print_json(document_schema(kind) if name is None else plugin_schema(find(name, kind)))


def document_schema(kind: str | None = None) -> dict[str, Any]:
    """Return the schema of a config file, or of any value that selects a plugin of one kind.

    A union that the value of `use`, or of `command`, decides.
    """
    definitions = _Definitions()
    kinds = [kind] if kind else ["optimizers", "commands"]
    root = {"title": "optiplug config", "type": "object", "oneOf": [definitions.kind(each) for each in kinds]}
    return {"$schema": _DIALECT, **root, "$defs": definitions.found}


def plugin_schema(entry: Entry) -> dict[str, Any]:
    """Return the schema of the config of one plugin."""
    definitions = _Definitions()
    return {"$schema": _DIALECT, **definitions.plugin(entry), "$defs": definitions.found}


class _Definitions:
    """The definitions that a schema needs, collected as they are referred to."""

    def __init__(self) -> None:
        self.found: dict[str, Any] = {}

    def kind(self, kind: str) -> dict[str, Any]:
        """Return a reference to the union of all plugins of a kind."""
        if kind not in self.found:
            self.found[kind] = {}  # first, since a schedule may hold a schedule
            members = []
            for entry in registry.entries(kind):
                try:
                    members.append(self.plugin(entry))
                except BrokenPluginError as error:
                    # One broken plugin must not take away the schema of all others.
                    message(f"left out: {error}")
            self.found[kind] = {"oneOf": members}
        return {"$ref": f"#/$defs/{kind}"}

    def plugin(self, entry: Entry) -> dict[str, Any]:
        """Return a reference to the definition of one plugin."""
        key = f"{entry.kind}.{entry.qualified}"
        if key not in self.found:
            schema = schema_of(entry, f"#/$defs/{key}.{{model}}")
            self.found[key] = {}
            for name, model in schema.pop("$defs", {}).items():
                self.found[f"{key}.{name}"] = self._linked(model)
            self.found[key] = _with_name(self._linked(schema), entry)
        return {"$ref": f"#/$defs/{key}"}

    def _linked(self, schema: Any) -> Any:
        """Return a schema in which a reference to a kind is one to the union of its installed plugins."""
        if isinstance(schema, list):
            return [self._linked(member) for member in schema]
        if not isinstance(schema, dict):
            return schema
        if "x-optiplug-kind" in schema:
            return self.kind(schema["x-optiplug-kind"])
        return {key: self._linked(member) for key, member in schema.items()}


def _with_name(schema: dict[str, Any], entry: Entry) -> dict[str, Any]:
    """Let `use`, which is `command` at the top of a command's document, be the name of the plugin."""
    word = "command" if entry.kind == "commands" else "use"
    with_distribution = rf"^{re.escape(entry.qualified)}\s*([<>=!~].*)?$"
    names: list[dict[str, Any]] = [{"pattern": with_distribution}]
    # An ambiguous name alone is an error when it is used.
    if registry.status(entry) != "ambiguous":
        names.insert(0, {"const": entry.name})
    fields = {name: field for name, field in schema["properties"].items() if name != "use"}
    required = [name for name in schema["required"] if name != "use"]
    properties = {word: {"type": "string", "anyOf": names}, **fields}
    return {**schema, "properties": properties, "required": [word, *required]}

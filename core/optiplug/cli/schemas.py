"""`optiplug schema`: the JSON Schema of config files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import typer

from optiplug import registry
from optiplug._config.facts import definition, definition_key
from optiplug._registry.apart import Answer, ask
from optiplug._registry.document_control import SCHEMA
from optiplug._registry.registry import installed_plugins
from optiplug._registry.trials import Trials
from optiplug.errors import BrokenPluginError
from optiplug.registry import Entry

from .cards import find, reference
from .exits import ExitCode
from .output import message, print_json
from .unions import Schema, choice_by_type, with_texts

__all__ = ["document_schema", "plugin_schema", "print_found", "print_schema"]

# The keywords of JSON Schema whose values hold schemas. Anything else, such as an example, is left as it is.
_MAPPINGS = {"properties", "patternProperties", "dependentSchemas"}
_LISTS = {"allOf", "oneOf", "prefixItems"}
_SCHEMAS = {"additionalProperties", "contains", "else", "if", "items", "not", "propertyNames", "then"}
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def print_schema(name: str | None, kind: str | None) -> None:
    """Print the schema of one plugin, or of all documents, without the plugins that are broken."""
    print_found(*(document_schema(kind) if name is None else plugin_schema(find(name, kind))))


def print_found(schema: Schema, faults: Sequence[str]) -> None:
    """Print a schema, and tell of the broken plugins that it is without; exits with 4 if there are any."""
    print_json(schema)
    for fault in faults:
        message(f"left out: {fault}")
    if faults:
        raise typer.Exit(ExitCode.PLUGIN)


def document_schema(kind: str | None = None) -> tuple[Schema, list[str]]:
    """Return the schema of a config file, or of any value that selects a plugin of one kind, and the faults.

    Each fault is that of a broken plugin, which is left out. The value of `use`, or of `command`, decides by
    `if` and `then` and not by `oneOf`, of which a validator could say no more than that nothing fits.
    """
    definitions = _Definitions(registry.entries(kind))
    if kind:
        root = definitions.kind(kind)
    else:
        commands, optimizers = definitions.kind("commands"), definitions.kind("optimizers")
        root = {"if": {"required": ["command"]}, "then": commands, "else": optimizers}
    schema = {
        "$schema": _DIALECT,
        "title": "optiplug config",
        "type": "object",
        **root,
        "$defs": definitions.found,
    }
    return schema, definitions.faults


def plugin_schema(entry: Entry) -> tuple[Schema, list[str]]:
    """Return the schema of the config of one plugin, and the faults of broken ones that it could name.

    Raises
    ------
    BrokenPluginError
        If it is broken itself.
    """
    definitions = _Definitions([entry])
    if definitions.is_broken(entry):
        raise BrokenPluginError(definitions.faults[0])
    return {"$schema": _DIALECT, **definitions.plugin(entry), "$defs": definitions.found}, definitions.faults


class _Definitions:
    """The definitions that a schema needs, collected as they are referred to."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.found: Schema = {}
        self._told = _told(entries)
        # What is blocked is left out because somebody wants it so.
        broken = [each for each in self._told.values() if each.fault and not _is_blocked(each.entry)]
        self.faults = [each.fault for each in broken]

    def is_broken(self, entry: Entry) -> bool:
        """Whether a plugin does not say what its config is."""
        return bool(self._told[entry].fault)

    def kind(self, kind: str) -> Schema:
        """Return a reference to the choice among all plugins of a kind."""
        if kind not in self.found:
            self.found[kind] = {}
            entries = [each for each in registry.entries(kind) if not self.is_broken(each)]
            word = _word(kind)
            self.found[f"{kind}.names"] = _names(entries)
            self.found[kind] = {
                "type": "object",
                "properties": {word: {"$ref": f"#/$defs/{kind}.names"}},
                "required": [word],
                "allOf": [
                    {"if": {"properties": {word: _name(each)}, "required": [word]}, "then": self.plugin(each)}
                    for each in entries
                ],
            }
        return {"$ref": f"#/$defs/{kind}"}

    def plugin(self, entry: Entry) -> Schema:
        """Return a reference to the definition of one plugin."""
        key = definition_key(entry)
        if key not in self.found:
            schema: Any = self._told[entry].value
            self.found[key] = {}  # first, since a schedule may hold a schedule
            for name, model in schema.pop("$defs", {}).items():
                self.found[f"{key}.{name}"] = self._linked(model)
            self.found[key] = _with_name(self._linked(schema), entry)
        return {"$ref": f"#/$defs/{key}"}

    def _linked(self, schema: Schema) -> Schema:
        """Return a schema in which a reference to a kind is one to the choice among its installed plugins.

        Unions are rewritten as choices by type, and numbers may be texts that YAML 1.2 reads as numbers.
        """
        if "x-optiplug-kind" in schema:
            return {"type": "object", **self._within(schema["x-optiplug-kind"])}
        if "anyOf" not in schema:
            return with_texts({key: self._inside(key, member) for key, member in schema.items()})
        kind = next((each["x-optiplug-kind"] for each in schema["anyOf"] if "x-optiplug-kind" in each), None)
        members = [
            # Instead of any text: what is written there is the name of a plugin.
            {"type": "string", "$ref": f"{self.kind(kind)['$ref']}.names"}
            if kind and each.get("type") == "string"
            else self._linked(each)
            for each in schema["anyOf"]
        ]
        rest = {key: member for key, member in schema.items() if key != "anyOf"}
        return with_texts({**choice_by_type(members), **rest})

    def _within(self, kind: str) -> Schema:
        """Return a reference to the choice among the plugins of a kind, for a value inside of a document."""
        # `plugins` stands at the top only.
        return self.kind(kind) | ({"properties": {"plugins": False}} if kind == "optimizers" else {})

    def _inside(self, keyword: str, value: Any) -> object:
        """Return the value of a keyword of a schema, which may hold schemas."""
        if keyword in _MAPPINGS:
            return {name: self._linked(member) for name, member in value.items()}
        if keyword in _LISTS:
            return [self._linked(member) for member in value]
        return self._linked(value) if keyword in _SCHEMAS and isinstance(value, dict) else value


def _told(entries: Iterable[Entry]) -> dict[Entry, Answer]:
    """Return the definitions of plugins and of all those that could be named in their configs."""
    told: dict[Entry, Answer] = {}
    trials, waiting = Trials(installed_plugins.offers), list(entries)
    while waiting:
        trials.begin(waiting)
        answers = ask(waiting, definition)
        told |= {answer.entry: answer for answer in answers}
        kinds = {kind for answer in answers for kind in _kinds_in(answer.value)}
        waiting = [entry for kind in sorted(kinds) for entry in registry.entries(kind) if entry not in told]
    trials.learn(told.values())
    return told


def _kinds_in(schema: object) -> Iterator[str]:
    """Yield the kinds of the plugins that a config may name."""
    members = schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ()
    if isinstance(schema, dict) and "x-optiplug-kind" in schema:
        yield schema["x-optiplug-kind"]
    for member in members:
        yield from _kinds_in(member)


def _is_blocked(entry: Entry) -> bool:
    return registry.status(entry) == "blocked"


def _with_name(schema: Schema, entry: Entry) -> Schema:
    """Let `use`, which is `command` at the top of a command's document, be the name of the plugin."""
    word = _word(entry.kind)
    fields = {name: field for name, field in schema["properties"].items() if name != "use"}
    required = [name for name in schema["required"] if name != "use"]
    properties = {word: {**_name(entry), "examples": [reference(entry)]}, **fields}
    if entry.kind == "optimizers":
        properties["plugins"] = dict(SCHEMA)
    return {**schema, "properties": properties, "required": [word, *required]}


def _word(kind: str) -> str:
    return "command" if kind == "commands" else "use"


def _name(entry: Entry) -> Schema:
    """Return the schema of the names of one plugin."""
    alone = "" if registry.status(entry) == "ambiguous" else f"{entry.name}|"
    return {"type": "string", "pattern": rf"^({alone}{_escaped(entry)}\s*([<>=!~].*)?)$"}


def _escaped(entry: Entry) -> str:
    # Not `re.escape`: the patterns of JSON Schema are those of ECMA 262, which refuse needless escapes.
    return entry.qualified.replace(".", r"\.")


def _names(entries: Sequence[Entry]) -> Schema:
    """Return the schema of the names of several plugins."""
    names = [reference(entry) for entry in entries]
    qualified = "|".join(map(_escaped, entries))
    return {
        "type": "string",
        "description": "NAME, NAME@DISTRIBUTION or NAME@DISTRIBUTION>=VERSION of a plugin.",
        # Editors offer them; they do not look into `else` for that.
        "examples": names,
        "if": {"pattern": "@"},
        "then": {"pattern": rf"^({qualified})\s*([<>=!~].*)?$"},
        "else": {"enum": names},
    }

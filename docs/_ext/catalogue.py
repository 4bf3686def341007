"""Sphinx extension that writes a page for each kind of plugin from what the registry finds.

Each entry gets its summary, docstring, hyperparameters (from the JSON Schema, so the pages say
what `optiplug schema` says), paper and distribution. The pages land in ``docs/catalogue``,
which is generated anew by each build.
"""

from __future__ import annotations

import importlib
import inspect
import json
from collections.abc import Iterator
from pathlib import Path
from statistics import mode
from typing import Any

from sphinx.application import Sphinx
from sphinx.ext.napoleon import NumpyDocstring

from optiplug import CommandConfig, OptimizerConfig, ProcessorConfig, ScheduleConfig, TaskConfig, registry
from optiplug.cli.output import muted_stderr
from optiplug.registry import KINDS, Entry
from optiplug.testing import checks

BASES = (CommandConfig, OptimizerConfig, ProcessorConfig, ScheduleConfig, TaskConfig)


def setup(app: Sphinx) -> dict[str, Any]:
    """Write the pages while Sphinx starts, before it looks for pages."""
    with muted_stderr():  # TensorFlow has much to say while it loads
        write(Path(app.srcdir) / "catalogue")
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def write(folder: Path) -> None:
    """Write the index and one page per kind; a page that did not change is left as it is."""
    folder.mkdir(exist_ok=True)
    pages = {f"{kind}.rst": "\n".join(page(kind)) for kind in KINDS}
    pages["index.rst"] = "\n".join(index())
    pages["checks.rst"] = "\n".join(promises())
    for name, text in pages.items():
        path = folder / name
        if not path.exists() or path.read_text() != text:
            path.write_text(text)


def index() -> Iterator[str]:
    """Yield the lines of the page that leads to the others."""
    yield from heading("Catalogue", "=")
    yield "Everything that a standard installation selects by name, by kind. This and the following pages are"
    yield "written from the registry, as is the output of ``optiplug list`` and ``optiplug show NAME``."
    yield from ("", ".. toctree::", "   :maxdepth: 2", "", *(f"   {kind}" for kind in KINDS), "   checks", "")


def page(kind: str) -> Iterator[str]:
    """Yield the lines of the page of one kind."""
    schemas = {
        entry: registry.load(entry).model_json_schema()["properties"] for entry in registry.entries(kind)
    }
    shared = common(kind, list(schemas.values()))
    yield from heading(kind.capitalize(), "=")
    yield from (f"Entry point group: ``{KINDS[kind]}``.", "")
    if shared:
        yield from (f"All {kind} have these hyperparameters:", "", *table(shared))
    for entry, fields in schemas.items():
        yield from section(entry)
        yield from table({name: field for name, field in fields.items() if shared.get(name) != field})


def promises() -> Iterator[str]:
    """Yield the lines of the page of the checks that `optiplug.testing` makes."""
    yield from heading("Checks", "=")
    yield "What plugins promise, and ``optiplug.testing`` checks."
    yield from ("", ".. list-table::", "   :header-rows: 1", "   :widths: 30 20 50", "")
    every = dict.fromkeys(check for kind in KINDS for check in checks(kind))
    rows = [(f"``{check.name}``", ", ".join(check.kinds), check.summary) for check in every]
    for first, *others in [("check", "of", "promise"), *rows]:
        yield f"   * - {first}"
        yield from (f"     - {cell}" for cell in others)
    yield ""


def common(kind: str, schemas: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the hyperparameters that every plugin of a kind inherits, as most of them have them."""
    names = [name for base in BASES if base.kind == kind for name in base.model_fields]
    return {name: json.loads(mode(json.dumps(fields[name]) for fields in schemas)) for name in names}


def section(entry: Entry) -> Iterator[str]:
    """Yield what there is to say about one entry."""
    config = registry.load(entry)
    yield from (f".. _{entry.kind}-{entry.name}:", "")
    yield from heading(entry.name, "-")
    yield from docstring(config, config.__doc__)
    yield from docstring(config, body(implementation(config)))
    if config.paper:
        yield from (f"Paper: {config.paper}.", "")
    yield from (f"Provided by ``{entry.distribution}`` {entry.version} as ``{entry.target}``.", "")


def heading(text: str, underline: str) -> Iterator[str]:
    """Yield a reStructuredText heading."""
    yield from (text, underline * len(text), "")


def docstring(thing: Any, text: str | None) -> Iterator[str]:
    """Yield what a docstring says, as reStructuredText."""
    yield from (*NumpyDocstring(inspect.cleandoc(text or ""), what="class", obj=thing).lines(), "")


def body(thing: Any) -> str:
    """Return the docstring of an implementation without its first paragraph, which the config has too."""
    return inspect.cleandoc(thing.__doc__ or "").partition("\n\n")[2]


def implementation(config: Any) -> Any:
    """Return the class or function that a config names."""
    if not isinstance(config.implementation, str):
        return config.implementation
    module, _, name = config.implementation.partition(":")
    return getattr(importlib.import_module(module), name)


def table(fields: dict[str, Any]) -> Iterator[str]:
    """Yield a table of hyperparameters, given the JSON Schema of each."""
    rows = [(f"``{name}``", *described(field)) for name, field in fields.items() if name != "use"]
    if not rows:
        return
    yield from (".. list-table::", "   :header-rows: 1", "   :widths: 20 20 15 45", "")
    for first, *others in [("hyperparameter", "type", "default", "meaning"), *rows]:
        yield f"   * - {first}"
        yield from (f"     - {cell}" for cell in others)
    yield ""


def described(field: dict[str, Any]) -> tuple[str, str, str]:
    """Return type, default and meaning of one hyperparameter."""
    default = f"``{json.dumps(field['default'])}``" if "default" in field else "required"
    return type_of(field), default, " ".join(field.get("description", "").split())


def type_of(field: dict[str, Any]) -> str:
    """Say in a few words what a JSON Schema accepts."""
    if "anyOf" in field:
        return " or ".join(dict.fromkeys(type_of(each) for each in field["anyOf"]))
    if "const" in field or "enum" in field:
        return ", ".join(f"``{json.dumps(value)}``" for value in field.get("enum", [field.get("const")]))
    if "$ref" in field:
        return field["$ref"].rpartition("/")[2]
    name = {
        "object": "a plugin by name" if "use" in field.get("properties", {}) else "mapping",
        "array": "list",
    }
    bounds = {"minimum": ">=", "exclusiveMinimum": ">", "maximum": "<=", "exclusiveMaximum": "<"}
    text = name.get(field.get("type", ""), field.get("type", "any"))
    limits = [f"{sign} {field[key]:g}" for key, sign in bounds.items() if key in field]
    return " ".join([text, *limits])

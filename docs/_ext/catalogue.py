"""Sphinx extension that writes a page for each plugin that the registry finds.

Each page has summary, docstring with the formula, hyperparameters (from the JSON Schema, so the
pages say what `optiplug schema` says), the bytes of state, a picture, paper and distribution. The
pages land in ``docs/catalogue``, which is generated anew by each build.
"""

from __future__ import annotations

import importlib
import inspect
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from statistics import mode
from typing import Any

from sphinx.application import Sphinx
from sphinx.ext.napoleon import Config, NumpyDocstring

from formulas import typeset
from memory import bytes_per_parameter, slots
from optiplug import CommandConfig, OptimizerConfig, ProcessorConfig, ScheduleConfig, TaskConfig, registry
from optiplug.cli.output import muted_stderr
from optiplug.registry import KINDS, Entry
from optiplug.testing import checks
from pictures import draw_optimizer, draw_overview, draw_processor, draw_schedule
from rst import heading, hyperparameters, table, toctree
from usage import document, written

BASES = (CommandConfig, OptimizerConfig, ProcessorConfig, ScheduleConfig, TaskConfig)
PICTURES: Mapping[str, Callable[[Any, Path], str | None]] = {
    "optimizers": draw_optimizer,
    "processors": draw_processor,
    "schedules": draw_schedule,
}
SHOWN = ("sgd", "adamw", "lion", "muon")  # in the picture of the first page
SECTIONS = Config(napoleon_custom_sections=["Differs from"])
STATEFUL = ("optimizers", "processors")


def setup(app: Sphinx) -> dict[str, Any]:
    """Write the pages while Sphinx starts, before it looks for pages."""
    with muted_stderr():  # TensorFlow has much to say while it loads
        write(Path(app.srcdir) / "catalogue")
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def write(folder: Path) -> None:
    """Write all pages and pictures."""
    for kind in KINDS:
        (folder / kind).mkdir(parents=True, exist_ok=True)
    pages = {"index": index(), "checks": promises(), **{kind: overview(kind) for kind in KINDS}}
    for entry in registry.entries():
        picture = folder / entry.kind / f"{entry.name}.png"
        picture.unlink(missing_ok=True)
        shown = PICTURES[entry.kind](example(entry), picture) if entry.kind in PICTURES else None
        pages[f"{entry.kind}/{entry.name}"] = page(entry, shown)
    draw_overview([example(registry.find("optimizers", name)) for name in SHOWN], folder / "paths.png")
    for name, lines in pages.items():
        write_if_changed(folder / f"{name}.rst", "\n".join(lines))


def write_if_changed(path: Path, text: str) -> None:
    """Leave a page that did not change as it is, so that Sphinx does not read it again."""
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def index() -> Iterator[str]:
    """Yield the lines of the page that leads to the others."""
    yield from heading("Catalogue", "=")
    yield "Everything that an installation with all extras selects by name, by kind. These pages are written"
    yield "from the registry, as is the output of ``optiplug list`` and ``optiplug show NAME``."
    yield ""
    yield from toctree([*KINDS, "checks"], ":maxdepth: 1")


def overview(kind: str) -> Iterator[str]:
    """Yield the lines of the page of one kind."""
    entries = registry.entries(kind)
    yield from heading(kind.capitalize(), "=")
    yield from (f"Entry point group: ``{KINDS[kind]}``.", "")
    header = ("name", "summary", "from") + (("bytes of state per parameter",) if kind in STATEFUL else ())
    yield from table(header, map(row, entries), "20 50 20 10" if kind in STATEFUL else "20 55 25")
    fields = common(kind)
    if fields:
        yield from (f"All {kind} have these hyperparameters:", "", *hyperparameters(fields))
    yield from toctree([f"{kind}/{entry.name}" for entry in entries], ":hidden:")


def row(entry: Entry) -> tuple[str, ...]:
    """Return what the overview says of one entry."""
    cells = (f":ref:`{entry.kind}-{entry.name}`", registry.load(entry).summary(), f"``{entry.distribution}``")
    return (*cells, bytes_per_parameter(example(entry))) if entry.kind in STATEFUL else cells


def page(entry: Entry, shown: str | None) -> Iterator[str]:
    """Yield what there is to say about one entry."""
    config, shared = registry.load(entry), common(entry.kind)
    yield from (f".. _{entry.kind}-{entry.name}:", "")
    yield from heading(entry.name, "=")
    yield from docstring(config, config.__doc__)
    if shown:
        yield from (f".. figure:: {entry.name}.png", f"   :alt: {shown}", "", f"   {shown}", "")
    yield from usage(entry)
    yield from docstring(config, body(implementation(config)))
    yield from heading("Hyperparameters", "-")
    own = {name: field for name, field in schema(entry).items() if shared.get(name) != field}
    yield from hyperparameters(own)
    if shared:
        yield from (f"Besides these it has those of all :doc:`{entry.kind} <../{entry.kind}>`.", "")
    if entry.kind in STATEFUL:
        yield from state(entry)
    yield from heading("Source", "-")
    if config.paper:
        yield from (f"Paper: {config.paper}.", "")
    yield from (f"Provided by ``{entry.distribution}`` {entry.version} as ``{entry.target}``.", "")


def usage(entry: Entry) -> Iterator[str]:
    """Yield what a user writes in a file to have an entry."""
    data = document(example(entry)) if entry.kind != "commands" else None
    if data is not None:
        yield from (".. code-block:: yaml", "", *(f"   {line}" for line in written(data).splitlines()), "")


def state(entry: Entry) -> Iterator[str]:
    """Yield what an entry keeps between steps."""
    yield from heading("State", "-")
    rows = [(f"``{slot}``", f"{size:.3g}") for slot, size in slots(example(entry)).items()]
    if rows:
        yield from ("For a layer of 512 x 256 with a bias, in float32:", "")
        yield from table(("slot", "bytes per parameter"), rows, "60 40")
    else:
        yield from ("No state for each variable.", "")
    refused = example(entry).no_mesh
    if refused:
        yield from (f"It refuses variables on a DTensor mesh: {refused}.", "")


def promises() -> Iterator[str]:
    """Yield the lines of the page of the checks that `optiplug.testing` makes."""
    yield from heading("Checks", "=")
    yield from ("What plugins promise, and ``optiplug.testing`` checks.", "")
    every = dict.fromkeys(check for kind in KINDS for check in checks(kind))
    rows = [(f"``{check.name}``", ", ".join(check.kinds), check.summary) for check in every]
    yield from table(("check", "of", "promise"), rows, "30 20 50")


@cache
def schema(entry: Entry) -> dict[str, Any]:
    """Return the JSON Schema of each hyperparameter of an entry."""
    fields: dict[str, Any] = registry.load(entry).model_json_schema()["properties"]
    return fields


@cache
def common(kind: str) -> dict[str, Any]:
    """Return the hyperparameters that every plugin of a kind inherits, as most of them have them."""
    schemas = [schema(entry) for entry in registry.entries(kind)]
    names = [name for base in BASES if base.kind == kind for name in base.model_fields]
    return {name: json.loads(mode(json.dumps(fields[name]) for fields in schemas)) for name in names}


def example(entry: Entry) -> Any:
    """Return the config of an entry with the hyperparameters of its example."""
    config = registry.load(entry)
    return config(**config.example)


def docstring(thing: Any, text: str | None) -> Iterable[str]:
    """Return what a docstring says, as reStructuredText."""
    written = typeset(inspect.cleandoc(text or ""))
    return (*NumpyDocstring(written, SECTIONS, what="class", obj=thing).lines(), "")


def body(thing: Any) -> str:
    """Return the docstring of an implementation without its first paragraph, which the config has too."""
    return inspect.cleandoc(thing.__doc__ or "").partition("\n\n")[2]


def implementation(config: Any) -> Any:
    """Return the class or function that a config names."""
    if not isinstance(config.implementation, str):
        return config.implementation
    module, _, name = config.implementation.partition(":")
    return getattr(importlib.import_module(module), name)

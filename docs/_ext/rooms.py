"""Sphinx extension: the directives ``rooms-picture`` and ``rooms``, both made from the imports of the core.

A room is a package or a file right below ``optiplug``. What a room imports comes from its files, what it
is for from its docstring, so neither can be out of date. Rooms that import each other in a circle have no
floor to stand on: then the build fails.
"""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any, TypeAlias

import grimp
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from rooms_picture import anchor, drawn
from rst import first_paragraph, markdown

__all__ = ["HOUSE", "Rooms", "collapsed", "described", "floors", "house", "reachable", "reduced", "running"]

HOUSE = "optiplug"
FOREIGN = "tensorflow"

Rooms: TypeAlias = Mapping[str, AbstractSet[str]]
"""The rooms that each room imports."""


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directives."""
    app.add_directive("rooms-picture", Picture)
    app.add_directive("rooms", Descriptions)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


@cache
def house() -> grimp.ImportGraph:
    """Return the imports of the core, without those that only a type checker reads."""
    return grimp.build_graph(
        HOUSE, include_external_packages=True, exclude_type_checking_imports=True, cache_dir=None
    )


def room(module: str) -> str:
    """Return the room of a module of the core; empty for the package that hands out all names."""
    return module.partition(".")[2].partition(".")[0]


def collapsed(graph: grimp.ImportGraph) -> dict[str, set[str]]:
    """Return the rooms that each room imports."""
    modules = sorted(name for name in graph.modules if name.startswith(f"{HOUSE}."))
    rooms: dict[str, set[str]] = {room(module): set() for module in modules}
    for module in modules:
        imported = {room(each) for each in graph.find_modules_directly_imported_by(module) if each in modules}
        rooms[room(module)] |= imported - {room(module)}
    return rooms


def floors(rooms: Rooms) -> dict[str, int]:
    """Return the floor of each room: one above the highest room that it imports.

    Raises
    ------
    graphlib.CycleError
        If rooms import each other in a circle.
    """
    found: dict[str, int] = {}
    for each in TopologicalSorter(rooms).static_order():
        found[each] = max((found[below] + 1 for below in rooms[each]), default=0)
    return found


def reachable(rooms: Rooms) -> dict[str, set[str]]:
    """Return all rooms that each room needs, those that it imports and those below them."""
    found: dict[str, set[str]] = {}
    for each in TopologicalSorter(rooms).static_order():
        found[each] = set(rooms[each]).union(*(found[below] for below in rooms[each]))
    return found


def reduced(rooms: Rooms) -> dict[str, set[str]]:
    """Return the imports that do not follow from others: the fewest with which the same is reachable."""
    needed = reachable(rooms)
    return {
        each: {below for below in imported if not any(below in needed[other] for other in imported)}
        for each, imported in rooms.items()
    }


def running(graph: grimp.ImportGraph) -> set[str]:
    """Return the rooms that need TensorFlow: a file of theirs imports it, or a file that does."""
    return {room(each) for each in graph.find_downstream_modules(FOREIGN)}


@dataclass(frozen=True)
class Description:
    """What there is to say about one room."""

    name: str
    purpose: str
    imports: tuple[str, ...]
    files: tuple[str, ...]


def described(rooms: Rooms) -> Iterator[Description]:
    """Yield what there is to say about each room, from the roof to the ground."""
    heights = floors(rooms)
    for name in sorted(rooms, key=lambda each: (-heights[each], each)):
        path = source(name)
        files = path.parent.glob("*.py") if path.name == "__init__.py" else ()
        yield Description(
            name,
            first_paragraph(docstring(path)),
            tuple(sorted(rooms[name], key=lambda each: (-heights[each], each))),
            tuple(sorted(each.stem for each in files if not each.stem.startswith("__"))),
        )


def source(name: str) -> Path:
    """Return the file that says what a room is for."""
    folder = Path(next(iter(importlib.import_module(HOUSE).__path__)))
    package = folder / name / "__init__.py"
    return package if package.exists() else folder / f"{name}.py"


def docstring(path: Path) -> str:
    """Return the docstring of a file without importing it."""
    return ast.get_docstring(ast.parse(path.read_text())) or ""


class Picture(SphinxDirective):
    """A drawing of the rooms on their floors, as SVG that takes the colours of the page."""

    def run(self) -> list[nodes.Node]:
        """Return the drawing."""
        note_files(self)
        rooms = collapsed(house())
        return [nodes.raw("", drawn(floors(rooms), reduced(rooms), running(house())), format="html")]


class Descriptions(SphinxDirective):
    """What each room is for, what it imports and which files it has."""

    def run(self) -> list[nodes.Node]:
        """Return a list of definitions."""
        note_files(self)
        return self.parse_text_to_nodes("\n".join(lines()))


def note_files(directive: SphinxDirective) -> None:
    """Have the page written anew when a file of the core changes."""
    for path in source("errors").parent.rglob("*.py"):
        directive.env.note_dependency(str(path))


def lines() -> Iterator[str]:
    """Yield the descriptions in Markdown, each with the place to which the drawing leads."""
    for each in described(collapsed(house())):
        yield from (f"({anchor(each.name)})=", f"`{each.name}`", f": {markdown(each.purpose)}", "")
        if each.imports:
            yield from (f"  Imports {', '.join(f'`{name}`' for name in each.imports)}.", "")
        if each.files:
            yield from (f"  Files: {', '.join(f'`{name}`' for name in each.files)}.", "")

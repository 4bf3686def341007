"""Sphinx extension: the directive ``conversions``, what the classes of a library become here.

It is made from the tables of `optiplug_convert.sources`, which the command reads, too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from typing import Any, ClassVar

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from optiplug_author.pages.markdown import pipe_table
from optiplug_convert import sources
from optiplug_convert.rules import Row, To, Unsupported
from optiplug_convert.sources.tables import TABLES, Table

__all__ = ["lines"]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("conversions", Conversions)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


class Conversions(SphinxDirective):
    """The tables of one library."""

    required_arguments: ClassVar[int] = 1

    def run(self) -> list[nodes.Node]:
        """Return the tables, and have the page written anew when they change."""
        self.env.note_dependency(str(sources.__file__))
        told = lines(self.arguments[0])
        return self.parse_text_to_nodes("\n".join(told))


def lines(library: str) -> list[str]:
    """Return the tables of a library in Markdown: what becomes what, and what has no counterpart."""
    told = []
    for table in TABLES[library]:
        shared = _shared(table)
        rows = [
            (f"`{name}`", f"`{row.use}`", "; ".join(_differing(row, shared)))
            for name, row in table.items()
            if isinstance(row, Row)
        ]
        told += (
            [*pipe_table((library, "here", "what is called or counted otherwise"), rows), ""] if rows else []
        )
        common = [(f"`{argument}`", words) for argument, words in shared]
        told += [*pipe_table(("argument of several of these", "here"), common), ""] if common else []
        left = [(f"`{name}`", row.why) for name, row in table.items() if isinstance(row, Unsupported)]
        told += [*pipe_table(("not converted", "why"), left), ""] if left else []
    return told


def _differing(row: Row, shared: Collection[tuple[str, str]]) -> Iterator[str]:
    """Yield what becomes of each argument that is not called here as it is there, and what differs."""
    yield from (f"`{name}`: {words}" for name, words in _words(row) if (name, words) not in shared)
    yield from row.notes


def _shared(table: Table) -> list[tuple[str, str]]:
    """Return the arguments that a third of the classes of a table have, with what they become."""
    rows = [row for row in table.values() if isinstance(row, Row)]
    counted = Counter(each for row in rows for each in _words(row))
    return [each for each, count in counted.items() if count > max(2, len(rows) / 3)]


def _words(row: Row) -> Iterator[tuple[str, str]]:
    for name, rule in row.arguments.items():
        if not (isinstance(rule, To) and rule.name == name and not rule.note):
            yield name, rule.words

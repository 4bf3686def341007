"""Sphinx extension: the directive ``type-table``, a table of types with what is written below each of them.

Its content is the public names of the types, one in a line. A type is listed in the index and can be
referred to from other pages, unless the option ``no-index`` says that another table does so.
"""

from __future__ import annotations

import inspect
from collections import ChainMap
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.pycode import ModuleAnalyzer
from sphinx.util.docutils import SphinxDirective

import optiplug
from optiplug import _types
from optiplug._config import hyperparameters
from optiplug_author.pages.markdown import pipe_table
from rst import markdown

__all__ = ["lines", "meaning"]

MODULES = (hyperparameters, _types)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("type-table", TypeTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


class TypeTable(SphinxDirective):
    """A row for each type."""

    has_content = True
    option_spec: ClassVar[dict[str, Any]] = {"no-index": directives.flag}

    def run(self) -> list[nodes.Node]:
        """Return the table, and have the page written anew when a type changes."""
        for module in MODULES:
            self.env.note_dependency(inspect.getfile(module))
        names = [name.strip() for name in self.content if name.strip()]
        found = self.parse_text_to_nodes("\n".join(lines(names)))
        if "no-index" in self.options:
            return found
        return [*self.targets(names), *found]

    def targets(self, names: Iterable[str]) -> Iterator[nodes.Node]:
        """Yield the places to which references to the types lead."""
        domain = self.env.get_domain("py")
        for name in names:
            full = f"{optiplug.__name__}.{name}"
            target = nodes.target("", "", ids=[full])
            self.state.document.note_explicit_target(target)
            domain.note_object(full, "data", full, location=target)
            yield target


def lines(names: Iterable[str]) -> list[str]:
    """Return the table in Markdown."""
    return list(
        pipe_table(("type", "what it is"), [(f"`{name}`", markdown(meaning(name))) for name in names])
    )


def meaning(name: str) -> str:
    """Return what is written below a type where it is defined.

    Raises
    ------
    KeyError
        If it is not the name of a type, or nothing is written there.
    """
    comments = ChainMap(*(ModuleAnalyzer.for_module(each.__name__).find_attr_docs() for each in MODULES))
    return " ".join(" ".join(comments["", name]).split())

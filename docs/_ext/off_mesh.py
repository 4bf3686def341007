"""Sphinx extension: the directive ``off-mesh``, a table of what cannot run on a DTensor mesh, and why.

It is made from the registry, of what the configs say in `no_mesh`.
"""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from optiplug import registry
from optiplug_author.pages.markdown import pipe_table
from rst import markdown

__all__ = ["lines"]

KINDS = ("optimizers", "processors")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("off-mesh", OffMesh)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


class OffMesh(SphinxDirective):
    """A row for each plugin that refuses a mesh."""

    def run(self) -> list[nodes.Node]:
        """Return the table, and have the page written anew with each build: plugins may change."""
        self.env.note_reread()
        return self.parse_text_to_nodes("\n".join(lines()))


def lines() -> list[str]:
    """Return the table in Markdown."""
    rows = []
    for entry in (entry for kind in KINDS for entry in registry.entries(kind)):
        config = registry.load(entry)
        reason = config(**config.example).no_mesh
        if reason:
            rows.append((f"[{entry.name}](catalogue/{entry.kind}/{entry.name}.md)", markdown(reason)))
    return list(pipe_table(("refuses a mesh", "because"), rows))

"""Sphinx extension: the directive ``workloads``, a table of the tasks that have a goal but the diagnostics.

It is made from the registry, of what their configs say in `goal` and `shapes`.
"""

from __future__ import annotations

import math
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from optiplug import registry
from optiplug_author.pages.markdown import pipe_table

__all__ = ["lines"]

HEADER = ("task", "figure", "target", "steps", "batch", "parameters")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("workloads", Workloads)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


class Workloads(SphinxDirective):
    """A row for each of them."""

    def run(self) -> list[nodes.Node]:
        """Return the table, and have the page written anew with each build: plugins may change."""
        self.env.note_reread()
        return self.parse_text_to_nodes("\n".join(lines()))


def lines() -> list[str]:
    """Return the table in Markdown; the diagnostics, which are reported apart, are not in it."""
    rows = []
    for entry in registry.entries("tasks"):
        config = registry.load(entry)
        goal = config.goal
        if goal is None or entry.name.startswith("diagnostic_"):
            continue
        shapes = config().shapes() or {}
        parameters = sum(math.prod(shape) for shape in shapes.values())
        sign = "≥" if goal.higher_is_better else "≤"
        link = f"[{entry.name}](catalogue/tasks/{entry.name}.md)"
        target = f"{sign} {goal.target:g}"
        rows.append((link, goal.figure, target, f"{goal.steps}", f"{goal.batch_size}", f"{parameters:,}"))
    return list(pipe_table(HEADER, rows))

"""Sphinx extension: the directive ``stages``, a table of the stages of a step in their order.

It is made from `optiplug._hookspecs`, as is the step itself. With the option ``hooks`` it has the stages
that hooks take part in, and what a hook gets and returns with types.
"""

from __future__ import annotations

import inspect
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from optiplug import _hookspecs
from optiplug_author.pages.markdown import pipe_table
from rst import markdown

__all__ = ["hooks", "order"]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("stages", Stages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


class Stages(SphinxDirective):
    """A row for each stage."""

    option_spec: ClassVar[dict[str, Any]] = {"hooks": directives.flag}

    def run(self) -> list[nodes.Node]:
        """Return the table, and have the page written anew when stages change."""
        self.env.note_dependency(_hookspecs.__file__)
        lines = hooks() if "hooks" in self.options else order()
        return self.parse_text_to_nodes("\n".join(lines))


def order() -> list[str]:
    """Return the table of everything that happens, in Markdown."""
    rows = [
        (f"`{stage.name}`", stage.part, markdown(stage.summary), "yes" if stage.takes_hooks else "")
        for stage in _hookspecs.ORDER
    ]
    return list(pipe_table(("stage", "part", "what happens", "hooks"), rows))


def hooks() -> list[str]:
    """Return the table of what hooks get and return, in Markdown."""
    rows = [
        (f"`{stage.name}`", *passed(stage.name), markdown(stage.summary))
        for stage in _hookspecs.ORDER
        if stage.takes_hooks
    ]
    return list(pipe_table(("stage", "a hook gets", "and returns", "what it is for"), rows))


def passed(name: str) -> tuple[str, str]:
    """Return the arguments of a stage but `step`, and what it returns, with their types."""
    signature = inspect.signature(getattr(_hookspecs.HookSpecs, name))
    arguments = [each for each in signature.parameters.values() if each.name not in {"self", "step"}]
    returns = signature.return_annotation
    given = "".join(f"`{each.name}: {each.annotation}`" for each in arguments)
    return given, "" if returns == "None" else f"`{returns}`"

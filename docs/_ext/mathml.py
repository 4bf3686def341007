"""Sphinx extension: formulas as MathML, which every browser draws by itself, also without a network."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx

__all__ = ["markup"]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the renderer."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def markup(latex: str, display: str) -> str:
    """Return a formula as MathML; one of several rows is ``aligned``."""
    # The converter knows the other name of it only.
    return convert(latex.replace("{aligned}", "{split}"), display=display)


def _inline(writer: Any, node: nodes.math) -> None:
    writer.body.append(markup(node.astext(), "inline"))
    raise nodes.SkipNode


def _block(writer: Any, node: nodes.math_block) -> None:
    writer.body.append(f'<div class="math">{markup(node.astext(), "block")}</div>\n')
    raise nodes.SkipNode

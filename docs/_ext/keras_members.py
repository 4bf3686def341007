"""Sphinx extension: the directive ``keras-members``, a table of the tests named after members of Keras.

What the table says about a member is the docstring of its test, see ``tests/keras_2_15/members.py``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from docutils.nodes import Node
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "tests"))  # the list of members is kept beside the tests, which use it too

from keras_2_15.members import rows  # noqa: E402  # found by the line above


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("keras-members", KerasMembers)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


class KerasMembers(SphinxDirective):
    """A row for each member: what it does and what differs from tf_keras."""

    def run(self) -> list[Node]:
        """Return the table, and have the page written anew when a test changes."""
        for row in rows():
            self.env.note_dependency(str(ROOT / row.test.partition("::")[0]))
        return self.parse_text_to_nodes("\n".join(lines()))


def lines() -> list[str]:
    """Return the table in Markdown."""
    table = ["| member | what it does | what differs from tf_keras |", "|---|---|---|"]
    for row in rows():
        cells = [f"`{row.member}`", row.behaviour, row.differs or "nothing"]
        table.append(f"| {' | '.join(cell.replace('``', '`') for cell in cells)} |")
    return table

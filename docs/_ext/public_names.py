"""Sphinx extension: lets autodoc find what is written below fields and constants of `optiplug`.

A public class says that it is from `optiplug`, which is where it is imported from. autodoc looks into the
file of that module for the comments and the order of members, which are in the file that defines the class.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.pycode import ModuleAnalyzer

import optiplug

__all__ = ["gather"]


def setup(app: Sphinx) -> dict[str, Any]:
    """Gather what the files say before autodoc asks for it."""
    app.connect("env-before-read-docs", lambda *_: gather())
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def gather() -> None:
    """Add the comments of all files of the core to those of `optiplug` itself."""
    door = ModuleAnalyzer.for_module(optiplug.__name__)
    door.analyze()
    folder = Path(optiplug.__file__).parent
    for path in sorted(folder.rglob("*.py")):
        file = ModuleAnalyzer.for_file(str(path), path.stem)
        file.analyze()
        for found in ("attr_docs", "annotations", "overloads", "tagorder"):
            getattr(door, found).update(getattr(file, found))

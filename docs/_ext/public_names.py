"""Sphinx extension: lets autodoc find what is written below fields and constants of `optiplug`.

A public class says that it is from `optiplug`, which is where it is imported from. autodoc looks into the
file of that module for comments and the order of members, which are in the file that defines the class.
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
    """Add what all files of the core say to what the modules that hand out names say."""
    files = [analyzed(path) for path in sorted(Path(optiplug.__file__).parent.rglob("*.py"))]
    for door in map(ModuleAnalyzer.for_module, ("optiplug", "optiplug.registry")):
        door.analyze()
        for file in files:
            for found in ("attr_docs", "annotations", "overloads", "tagorder"):
                getattr(door, found).update(getattr(file, found))


def analyzed(path: Path) -> ModuleAnalyzer:
    """Return what autodoc can know of a file."""
    file = ModuleAnalyzer.for_file(str(path), path.stem)
    file.analyze()
    return file

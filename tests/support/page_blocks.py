"""The blocks of code that a page shows."""

from __future__ import annotations

import re
import runpy
import warnings
from pathlib import Path

__all__ = ["blocks", "main", "run_blocks", "run_without_warnings"]

FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path, language: str) -> list[tuple[int, str]]:
    """Return (line number, code) of the fenced blocks of a page in one language."""
    text = page.read_text()
    return [
        (text.count("\n", 0, match.start(2)), match.group(2))
        for match in FENCE.finditer(text)
        if match.group(1) == language
    ]


def run_blocks(page: Path) -> None:
    """Run the blocks of a page in their order; they share their names, as a reader would run them."""
    names = {"__name__": "page"}
    for line, code in blocks(page, "python"):
        exec(compile("\n" * line + code, str(page), "exec", dont_inherit=True), names)  # noqa: S102  # our own pages


def main(page: Path) -> None:
    """Run the blocks in Python on logical devices, in a process that has run nothing."""
    import tensorflow as tf  # noqa: F401  # its devices are configured below

    from support import tf_devices

    tf_devices.configure()
    run_blocks(page)


def run_without_warnings(script: Path) -> None:
    """Run a file as a program of its own, to which a warning is an error."""
    warnings.simplefilter("error", UserWarning)
    runpy.run_path(str(script), run_name="__main__")

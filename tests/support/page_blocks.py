"""The blocks of code that a page shows. As a program it runs those in Python, on logical devices."""

from __future__ import annotations

import re
import sys
from pathlib import Path

__all__ = ["blocks", "run_blocks"]

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


if __name__ == "__main__":
    import tensorflow as tf  # noqa: F401  # its devices are configured below

    from support import tf_devices

    tf_devices.configure()
    run_blocks(Path(sys.argv[1]))

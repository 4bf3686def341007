"""What is tried with each config, however it was made."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

from optiplug.document import Document, override, parse, parse_setting, read_stream
from optiplug.errors import ConfigError

__all__ = ["FOUND", "KINDS", "try_config"]

FOUND = Path(__file__).parents[1] / "security" / "found.jsonl"
"""What was found, and what reaches the most lines: a text for each line, of which a character is a byte."""

_LONGEST = 64_000


def _setting(content: bytes) -> Document:
    document = parse("use: sgd\nprocessors: [ema]", "yaml", "fuzz")
    return override(document, [parse_setting(content.decode(errors="replace"))])


def _file(kind: str) -> Callable[[bytes], Document]:
    return lambda content: read_stream(io.BytesIO(content), kind, "fuzz")


KINDS = {b"yaml": _file("yaml"), b"json": _file("json"), b"toml": _file("toml"), b"set": _setting}
"""How the content of a config is read, by the first line before it."""


def try_config(data: bytes, load: Callable[[Document], object]) -> bool:
    """Read a config, whose first line is its kind, and load it; return whether it is one.

    Raises
    ------
    AssertionError
        If it is refused by a message that is no message.
    """
    head, _, content = data.partition(b"\n")
    read = KINDS.get(head) or list(KINDS.values())[len(head) % len(KINDS)]
    try:
        load(read(content))
    except ConfigError as error:
        text = str(error)
        if not (error.problems and text.replace("\n", "").isprintable() and len(text.encode()) < _LONGEST):
            raise AssertionError(f"no message: {text[:1000]!a}") from error
        return False
    return True

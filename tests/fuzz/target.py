"""What is tried with each config, however it was made."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

from optiplug.cli.loading import load
from optiplug.document import Document, override, parse, parse_setting, read_stream
from optiplug.errors import ConfigError
from optiplug.locking.lock_file import LockFile

__all__ = ["FOUND", "KINDS", "try_config"]

FOUND = Path(__file__).parents[1] / "security" / "found.jsonl"
"""What was found, and what reaches the most lines: a text for each line, of which a character is a byte."""

_LONGEST = 64_000


def _document(content: bytes, kind: str) -> Document:
    return read_stream(io.BytesIO(content), kind, "fuzz")


def _setting(content: bytes) -> object:
    document = parse("use: sgd\nprocessors: [ema]", "yaml", "fuzz")
    return load(override(document, [parse_setting(content.decode(errors="replace"))]))


KINDS: dict[bytes, Callable[[bytes], object]] = {
    b"yaml": lambda content: load(_document(content, "yaml")),
    b"json": lambda content: load(_document(content, "json")),
    b"toml": lambda content: load(_document(content, "toml")),
    b"set": _setting,
    b"lock": lambda content: LockFile(**_document(content, "toml").data),
}
"""What is done with the content, by the first line before it."""


def try_config(data: bytes) -> bool:
    """Read and load a text, whose first line is its kind; return whether it is in order.

    Raises
    ------
    AssertionError
        If it is refused by a message that is no message.
    """
    head, _, content = data.partition(b"\n")
    read = KINDS.get(head) or list(KINDS.values())[len(head) % len(KINDS)]
    try:
        read(content)
    except ConfigError as error:
        text = str(error)
        if not (error.problems and text.replace("\n", "").isprintable() and len(text.encode()) < _LONGEST):
            raise AssertionError(f"no message: {text[:1000]!a}") from error
        return False
    return True

"""Limits of a document: enough for every config, and read within a second."""

from __future__ import annotations

__all__ = ["BYTES", "DEPTH", "ITEMS", "NODES", "TEXT"]

BYTES = 512 * 1024
"""Largest size of a file."""

DEPTH = 32
"""How deep mappings and lists may be nested."""

NODES = 20_000
"""How many values there may be in all."""

TEXT = 64 * 1024
"""How many characters a text or a key may have."""

ITEMS = 10_000
"""How many items a list may have."""

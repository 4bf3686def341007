"""Config files: reads YAML 1.2, TOML or JSON to plain data with the position of every value.

A document is data and nothing but data. It cannot name Python code, include other files or
refer to itself, and a hostile one is refused in bounded time.
"""

from .places import located
from .reading import FORMATS, Document, parse, read, read_stream
from .settings import Setting, override, parse_setting

__all__ = [
    "FORMATS",
    "Document",
    "Setting",
    "located",
    "override",
    "parse",
    "parse_setting",
    "read",
    "read_stream",
]

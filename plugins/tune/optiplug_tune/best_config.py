"""The best config that was found, as a plain config file that says where it comes from."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .ranges import Value

if TYPE_CHECKING:
    from .space import Space

__all__ = ["write_best"]


def write_best(
    path: Path, space: Space, values: Mapping[str, Value], provenance: Mapping[str, object]
) -> None:
    """Write the config with these values in place of its ranges, as a YAML file.

    Comments of the file with the ranges are kept; `provenance` becomes a comment at its top, a line each.
    """
    config = space.config(values)
    header = "".join(f"# {name}: {value}\n" for name, value in provenance.items())
    path.write_text(header + _dumped(config), encoding="utf-8")


def _dumped(config: Mapping[str, Any]) -> str:
    from ruamel.yaml import YAML

    stream = io.StringIO()
    yaml = YAML()
    yaml.dump(dict(config), stream)
    return stream.getvalue()

"""Where the parts of this project are."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
DISTRIBUTIONS = [
    ROOT / "core",
    ROOT / "contrib",
    *sorted(path.parent for path in ROOT.glob("plugins/*/pyproject.toml")),
]
PACKAGES = [path.parent for folder in DISTRIBUTIONS for path in folder.glob("optiplug*/__init__.py")]
MODULES = sorted(path for package in PACKAGES for path in package.rglob("*.py"))


def module_name(path: Path) -> str:
    """Return the dotted name under which the file at `path` is imported.

    >>> module_name(ROOT / "core/optiplug/errors.py")
    'optiplug.errors'
    """
    package = next(package for package in PACKAGES if path.is_relative_to(package))
    parts = path.relative_to(package.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

"""Finds the source of a module as an import would, and imports nothing: not the packages around it either."""

from __future__ import annotations

import os
import pkgutil
import sys
from collections.abc import Iterable
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path

__all__ = ["UndecodableSourceError", "UnreadableSourceError", "is_package", "source_of", "spec_of"]

_LARGEST = 256 * 1024  # in bytes: a larger one takes too long to parse


class UnreadableSourceError(Exception):
    """A module is there, and its source is not, or is not worth reading."""


class UndecodableSourceError(UnreadableSourceError):
    """The bytes of a source are no text in its encoding, so that Python cannot read it either."""


def source_of(spec: ModuleSpec) -> str:
    """Return the source of a module.

    Raises
    ------
    UnreadableSourceError
        If there is none, as of a compiled module, or it is very long.
    UndecodableSourceError
        If it is no text.
    """
    long = UnreadableSourceError(f"its module has more than {_LARGEST:,} bytes")
    try:
        if isinstance(spec.loader, SourceFileLoader) and Path(spec.loader.path).stat().st_size > _LARGEST:
            raise long
        source = getattr(spec.loader, "get_source", _no_source)(spec.name)
    except (SyntaxError, UnicodeDecodeError) as error:
        raise UndecodableSourceError("its module is no text in its encoding") from error
    except (ImportError, OSError) as error:
        raise UnreadableSourceError("its module cannot be read") from error
    if not isinstance(source, str):
        raise UnreadableSourceError("its module has no source")
    if len(source) > _LARGEST:
        raise long
    return source


def _no_source(name: str) -> None:
    """Answer for a loader that has no `get_source`."""


def is_package(spec: ModuleSpec) -> bool:
    """Whether a relative import in it begins at the module itself."""
    return spec.submodule_search_locations is not None


def spec_of(module: str) -> ModuleSpec | None:
    """Return where a module is; None if an import would not find it.

    `importlib.util.find_spec` would import the packages that it is in.

    Examples
    --------
    >>> spec_of("xml.dom.minidom").origin.endswith("minidom.py"), spec_of("xml.no.minidom")
    (True, None)
    """
    spec, places = None, None
    parts = module.split(".")
    if not all(map(str.isidentifier, parts)):
        return None
    for count in range(1, len(parts) + 1):
        if count > 1 and places is None:
            return None
        spec = _found(".".join(parts[:count]), places)
        if spec is None:
            return None
        places = spec.submodule_search_locations
    return spec


def _found(name: str, places: Iterable[str] | None) -> ModuleSpec | None:
    # Editable installations have finders of their own, and put them here.
    for finder in sys.meta_path:
        try:
            spec = (
                _on_path(name, sys.path if places is None else places)
                if finder is PathFinder
                else finder.find_spec(name, None if places is None else list(places))
            )
        except Exception:  # noqa: BLE001, S112  # one that needs the package imported
            continue
        if spec is not None:
            return spec
    return None


def _on_path(name: str, places: Iterable[str]) -> ModuleSpec | None:
    """Do what PathFinder does; in a package without a file, that needs the ones around it imported."""
    portions: list[str] = []
    for place in places:
        finder = pkgutil.get_importer(place or os.curdir)
        spec = finder.find_spec(name) if finder else None
        if spec is not None and spec.loader is not None:
            return spec
        portions += (spec.submodule_search_locations or ()) if spec else ()
    if not portions:
        return None
    spec = ModuleSpec(name, None, is_package=True)
    spec.submodule_search_locations = portions
    return spec

"""The files that a distribution consists of, as they are now: a version number does not tell them."""

from __future__ import annotations

import hashlib
import inspect
import os
import sys
from collections.abc import Collection, Iterable, Mapping
from importlib.machinery import ModuleSpec
from pathlib import Path

import importlib_metadata

from optiplug._regular_file import opened
from optiplug.errors import BrokenPluginError

from .sources import spec_of

__all__ = [
    "files_in",
    "sha256_of",
    "sha256_of_code",
    "sha256_of_distribution",
    "uncovered",
]

# How setuptools calls the module by which an editable installation is found; it has a path of the machine.
_EDITABLE = "__editable__"


def sha256_of_distribution(name: str, things: Iterable[str | type] = ()) -> str | None:
    """Return the sum of all files of a distribution; None if they are out of reach, as in an archive.

    The files are those of the packages in which its entry points and `things` are, as Python would import
    them, and those in its RECORD. So an editable installation counts as the wheel that is built of it, a
    file that was edited in place is seen, and neither the installer nor the folder matters. What its entry
    points name is in the sum, too: the same files have other classes.

    Raises
    ------
    BrokenPluginError
        If one of them cannot be read.
    """
    whole = _sum(name, _files_of_distribution(name, things))
    points = sorted(f"{each.group} {each.name} = {each.value}" for each in _points(name))
    return whole and hashlib.sha256("\n".join([whole, *points]).encode()).hexdigest()


def uncovered(names: Iterable[str], things: Iterable[str | type]) -> list[str | type]:
    """Return the classes whose package has files that are none of these distributions.

    >>> uncovered(["optiplug-sgd"], ["optiplug_sgd.config:SGDConfig", "typer:Typer"])
    ['typer:Typer']
    """
    known = {path.resolve() for name in names for path in _files_of_distribution(name).values()}
    return [
        each for each in things if not known.issuperset(path.resolve() for path in _files_of([each]).values())
    ]


def sha256_of_code(things: Iterable[str | type]) -> str | None:
    """Return the sum of the files of the packages in which classes are; None if they are out of reach.

    In a notebook, which has no file, the source of a class itself counts.

    Raises
    ------
    BrokenPluginError
        If one of them cannot be read.
    """
    files, sources = _files_of(things), sorted(filter(None, map(_source, things)))
    whole = _sum("the code that was registered", files)
    parts = [*sources, *([whole] if whole else [])]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest() if parts else None


def sha256_of(files: Mapping[str, Path]) -> str:
    """Return one sum of the names and contents of files.

    Raises
    ------
    OSError
        If one of them cannot be read, or is no regular file, of which the end may never come.
    """
    whole = hashlib.sha256()
    for name, path in sorted(files.items()):
        with opened(path) as file:
            whole.update(f"{name}\0{hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return whole.hexdigest()


def files_in(folder: Path) -> dict[str, Path]:
    """Return all files below a folder by their paths in it; hidden ones and what Python compiled are none."""
    found: dict[str, Path] = {}
    for where, folders, names in os.walk(folder):
        folders[:] = filter(_counts, folders)
        paths = [Path(where, name) for name in names if _counts(name)]
        found |= {path.relative_to(folder).as_posix(): path for path in paths}
    return found


def _counts(name: str) -> bool:
    return not name.startswith(".") and not name.endswith(".pyc") and name != "__pycache__"


def _sum(name: str, files: Mapping[str, Path]) -> str | None:
    try:
        return sha256_of(files) if files else None
    except OSError as error:
        raise BrokenPluginError(f"a file of {name} cannot be read: {error}") from error


def _files_of_distribution(name: str, things: Iterable[str | type] = ()) -> dict[str, Path]:
    # What is imported counts where both have a file.
    return {**_recorded(name), **_files_of([*(point.module for point in _points(name)), *things])}


def _points(name: str) -> Collection[importlib_metadata.EntryPoint]:
    try:
        return tuple(importlib_metadata.distribution(name).entry_points)
    except Exception as error:  # a stranger's file, which may hold anything
        raise BrokenPluginError(f"the entry points of {name} cannot be read: {error}") from error


def _files_of(things: Iterable[str | type]) -> dict[str, Path]:
    """Return the files of the packages in which classes are, which may be told as `module:name`."""
    found: dict[str, Path] = {}
    for module in {_module(each) for each in things}:
        script = getattr(sys.modules.get(module), "__file__", None) if module == "__main__" else None
        found |= _files_of_package(module) if script is None else {module: Path(script)}
    return found


def _module(thing: str | type) -> str:
    return thing.partition(":")[0] if isinstance(thing, str) else thing.__module__


def _source(thing: str | type) -> str | None:
    """Return the source of a class that is in no module with a file."""
    if isinstance(thing, str) or _files_of([thing]):
        return None
    try:
        return inspect.getsource(thing)
    except (OSError, TypeError):
        return None


def _files_of_package(module: str) -> dict[str, Path]:
    """Return the files of the outermost package that a module is in, namespaces aside; nothing is run."""
    spec = _outermost(module)
    if spec is None or not spec.has_location:
        return {}
    lead = spec.name.replace(".", "/")
    if spec.submodule_search_locations is None:
        return {f"{lead}{Path(spec.origin or '').suffix}": Path(spec.origin or "")}
    return {
        f"{lead}/{name}": path
        for folder in spec.submodule_search_locations
        for name, path in files_in(Path(folder)).items()
    }


def _outermost(module: str) -> ModuleSpec | None:
    parts = module.split(".")
    for count in range(1, len(parts) + 1):
        name = ".".join(parts[:count])
        # One that is imported may come from a file that nobody would find by its name.
        spec = getattr(sys.modules.get(name), "__spec__", None) or spec_of(name)
        # A namespace has no file: others may have packages in it, too.
        if spec is None or spec.has_location:
            return spec
    return None


def _recorded(name: str) -> dict[str, Path]:
    """Return the files in the RECORD of a distribution that do not come from the installer."""
    found: dict[str, Path] = {}
    distribution = importlib_metadata.distribution(name)
    for file in (distribution.files or ()) if distribution.read_text("RECORD") else ():
        path, first = Path(str(file.locate())), file.parts[0]
        foreign = first == "/" or first.endswith((".dist-info", ".pth")) or first.startswith(_EDITABLE)
        if not foreign and all(map(_counts, file.parts)) and path.is_file():
            found["/".join(file.parts)] = path
    return found

"""The public names with their signatures, one in a line: what a release promises to the next ones.

``make api`` writes the names of today into a file, which a test compares with the code; ``python -m
support.public_api --released`` is for a release, when the fragments of news have gone into the changelog.
"""

from __future__ import annotations

import importlib
import inspect
import re
import sys
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from support.project_paths import ROOT

__all__ = ["NOW", "RELEASED", "changes", "news", "public_names", "read", "releases", "untold"]

MODULES = (
    "optiplug",
    *(
        f"optiplug.{name}"
        for name in ["checkpoint", "document", "errors", "locking", "numerics", "registry", "testing"]
    ),
)
FOLDER = ROOT / "tests" / "compatibility" / "api"
NOW, RELEASED = FOLDER / "now.txt", FOLDER / "released.txt"
NEWS = ROOT / "docs" / "changes"
CHANGELOG = ROOT / "CHANGELOG.md"
_WORD = re.compile(r"\w+")


def public_names() -> dict[str, str]:
    """Return what is written after each public name: a signature, the bases of a class, or a type."""
    modules = [importlib.import_module(name) for name in MODULES]
    # All of them first: a class says that it is public once it was asked for.
    things = [(module.__name__, name, getattr(module, name)) for module in modules for name in module.__all__]
    on_top = {id(thing) for module, _, thing in things if module == "optiplug"}
    found: dict[str, str] = {}
    for module, name, thing in things:
        if not inspect.ismodule(thing) and (module == "optiplug" or id(thing) not in on_top):
            found |= _described(f"{module}.{name}", thing)
    return found


def read(path: Path) -> dict[str, str]:
    """Return what a file says of each name."""
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    return dict(_split(line) for line in lines)


def changes(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """Return the names that differ; of a class that is new or gone, its own name and not its members'."""
    differ = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
    both = set(before) & set(after)
    classes = {name for name in differ if name not in both}
    return [name for name in differ if name.rpartition(".")[0] not in classes]


def untold(names: list[str], news: Mapping[str, str], gone: set[str]) -> list[str]:
    """Return the names that no fragment of the news has in code; one that is gone is told as removed."""
    told = [
        (kind, set(_WORD.findall(code)))
        for kind, text in news.items()
        for code in re.findall(r"`+([^`]+)`+", text)
    ]
    return [
        name
        for name in names
        if not any(
            name.rpartition(".")[2] in words and ("removed" in kind or name not in gone)
            for kind, words in told
        )
    ]


def news() -> dict[str, str]:
    """Return the fragments of what has changed since the last release, by their names."""
    return {path.name: path.read_text() for path in sorted(NEWS.glob("*.md"))}


def releases() -> list[str]:
    """Return the versions in the changelog, the newest first."""
    return re.findall(r"^## (\d\S*)", CHANGELOG.read_text(), re.MULTILINE)


def write(path: Path, version: str) -> None:
    """Write the names of today into a file."""
    head = f"# {version}; `make api` writes this file: see docs/compatibility.md.\n"
    path.parent.mkdir(exist_ok=True)
    path.write_text(head + "".join(f"{name}{text}\n" for name, text in sorted(public_names().items())))


def _split(line: str) -> tuple[str, str]:
    end = next((at for at, sign in enumerate(line) if not (sign.isalnum() or sign in "._")), len(line))
    return line[:end], line[end:]


def _described(name: str, thing: Any) -> Iterator[tuple[str, str]]:
    """Yield a name, and of a class its members; those of a public base are with that."""
    if typing.get_origin(thing) is not None:
        yield name, f": {_without_addresses(str(thing))}"
        return
    if inspect.isclass(thing) and not thing.__module__.startswith("optiplug"):
        yield name, f": {thing.__module__.partition('.')[0]}.{thing.__qualname__}"
        return
    if not inspect.isclass(thing):
        yield name, _signature(thing) if callable(thing) else f": {type(thing).__name__}"
        return
    bases = [base.__name__ for base in thing.__bases__ if base is not object and not _is_private(base)]
    # pydantic writes a signature once fields are known, and those are told one by one.
    signature = "" if hasattr(thing, "model_fields") else _signature(thing)
    yield name, f" <- class({', '.join(bases)}){signature}"
    public = [cls for cls in thing.__mro__[1:] if not _is_private(cls)]
    for cls in reversed(thing.__mro__):
        if cls.__module__.startswith("optiplug") and not any(cls in each.__mro__ for each in public):
            for key, member in vars(cls).items():
                if not key.startswith("_") and key != "model_config":  # which is pydantic's
                    yield f"{name}.{key}", _member(member)
            for key, annotation in inspect.get_annotations(cls).items():
                if not key.startswith("_"):
                    yield f"{name}.{key}", f": {annotation}{_default(cls, key)}"


def _default(cls: Any, key: str) -> str:
    """Return the default of a field, of a config or of a dataclass."""
    field = getattr(cls, "model_fields", {}).get(key) or getattr(cls, "__dataclass_fields__", {}).get(key)
    default = _without_addresses(repr(getattr(field, "default", None)))
    return "" if field is None or "Undefined" in default or "MISSING" in default else f" = {default}"


def _member(member: Any) -> str:
    if isinstance(member, classmethod | staticmethod):
        return f" <- {type(member).__name__}{_signature(member.__func__)}"
    return _signature(member) if inspect.isfunction(member) else f": {type(member).__name__}"


def _signature(thing: Any) -> str:
    try:
        signature = str(inspect.signature(thing))
    except (TypeError, ValueError):
        return ""
    # Annotations are texts, and read as such.
    return _without_addresses(re.sub(r"(: |-> )'([^']*)'", r"\1\2", signature))


def _without_addresses(text: str) -> str:
    return re.sub(r" at 0x\w+", "", text)


def _is_private(cls: type) -> bool:
    return cls.__module__.startswith("optiplug._")


def main() -> None:
    """Write the file, or at a release both."""
    version = f"As of {importlib.import_module('importlib.metadata').version('optiplug-core')}"
    if "--released" in sys.argv[1:]:
        if news():
            sys.exit("first `towncrier build`: docs/changes has news that are in no release")
        write(RELEASED, version)
    write(NOW, version)


if __name__ == "__main__":
    main()

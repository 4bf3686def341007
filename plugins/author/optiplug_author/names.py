"""Names that an author chooses: whether they will do, and what they are mistaken for."""

from __future__ import annotations

import difflib
import importlib.util
import keyword
import re
import sys
from collections.abc import Iterator, Mapping, Sequence

import typer
from packaging.utils import InvalidName, canonicalize_name

import optiplug
from optiplug import registry

__all__ = ["KINDS", "Names", "checked", "distribution_for", "gathered", "taken", "warnings_about"]

KINDS = {kind.removesuffix("s"): kind for kind in registry.KINDS}
"""Every kind in the singular, with that of the registry."""

Names = Mapping[str, str]
"""The names of plugins, each with its kind in the singular."""

# What the modules of the template import under this name.
_IMPORTED = {"Any", "ClassVar", "Mapping", "Sequence"}
_CLOSE = 0.85
# In a name these stand for each other, or for nothing.
_ALIKE = str.maketrans({"0": "o", "1": "l", "i": "l", "-": None, "_": None})


def checked(kind: str, name: str, commands: Sequence[str] = ()) -> str:
    """Return the name of a plugin if it can be one; `commands` are those that the command line has itself.

    Raises
    ------
    typer.BadParameter
        With the rule that it breaks and the nearest name that breaks none.
    """
    module = name.replace("-", "_")
    if "@" in name or not _is_name(kind, name):
        near = _repaired(name)
        hint = f"; {near!r} would do" if _is_name(kind, near) else ""
        raise _refused(kind, name, f"has lower-case letters, digits, `_` and `-`, up to 64{hint}")
    if not module.isidentifier():
        raise _refused(kind, name, "begins with a letter, as it is that of a module, too")
    if keyword.iskeyword(module) or module == "config":
        raise _refused(kind, name, f"is that of a module, too: {module!r} is taken")
    if {_class(name), f"{_class(name)}Config"} & {*optiplug.__all__, *_IMPORTED}:
        raise _refused(kind, name, f"is that of a class, too: {_class(name)!r} is taken by optiplug")
    if kind == "command" and name in commands:
        raise _refused(kind, name, f"is none of optiplug's own commands, which are {', '.join(commands)}")
    return name


def gathered(names: Mapping[str, Sequence[str]], commands: Sequence[str] = ()) -> Names:
    """Return the names by kind as kinds by name, each checked and no two alike."""
    pairs = [(checked(kind, name, commands), kind) for kind, several in names.items() for name in several]
    for at, (name, kind) in enumerate(pairs):
        for other, _ in pairs[:at]:
            if _class(other) == _class(name):
                raise _refused(kind, name, f"cannot be told from {other!r} in the same distribution")
    return dict(pairs)


def distribution_for(name: str | None, plugins: Names) -> str:
    """Return the name of the distribution: this one if it will do, else one after the first plugin.

    Raises
    ------
    typer.BadParameter
        If it is no name of a distribution, or that of a part of optiplug or of Python.
    """
    name = name or f"optiplug-{next(iter(plugins)).replace('_', '-')}"
    try:
        canonical = canonicalize_name(name, validate=True)
    except InvalidName:
        rule = (
            f"{name!r} has other characters than letters, digits, `.`, `_` and `-`, or one of these at an end"
        )
        raise typer.BadParameter(rule, param_hint="--name") from None
    package = re.sub(r"[-.]", "_", name.lower())
    ours = {canonicalize_name(each.distribution) for each in registry.entries() if each.built_in}
    if canonical in {*ours, "optiplug", "optiplug-core"}:
        raise typer.BadParameter(f"{name!r} is a part of optiplug", param_hint="--name")
    if not package.isidentifier() or keyword.iskeyword(package) or package in sys.stdlib_module_names:
        rule = f"{name!r} gives the package {package!r}, which is no name of one, or one of Python's own"
        raise typer.BadParameter(rule, param_hint="--name")
    return name


def warnings_about(plugins: Names, distribution: str) -> Iterator[str]:
    """Yield what an author should know of the names before others do."""
    for name, kind in plugins.items():
        entries = registry.entries(KINDS[kind])
        others = [each for each in entries if each.name == name and each.distribution != distribution]
        reserved = [each for each in others if each.built_in]
        if others:
            what = "is reserved for" if reserved else "is also offered by"
            whose = (reserved or others)[0]
            yield f"{name!r} {what} {whose.distribution}: yours is written {name}@{distribution}"
        elif near := _near(name, [each.name for each in entries if each.distribution != distribution]):
            yield f"{name!r} is easily mistaken for {near!r}, which is installed"
    package = re.sub(r"[-.]", "_", distribution.lower())
    if importlib.util.find_spec(package) is not None:
        yield f"a package {package!r} is installed already: of two, Python imports the first on its path"


def taken(plugins: Names, distribution: str) -> list[str]:
    """Return the names that mean another plugin, or none, unless they are written with the distribution."""
    installed = [each for each in registry.entries() if each.distribution != distribution]
    offered = {(each.kind, each.name) for each in installed}
    return [name for name, kind in plugins.items() if (KINDS[kind], name) in offered]


def _is_name(kind: str, name: str) -> bool:
    """Ask the registry, whose rule it is."""
    try:
        registry.find(KINDS[kind], name)
    except optiplug.ConfigError:
        return False
    except optiplug.PluginError:
        pass
    return True


def _repaired(name: str) -> str:
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    return re.sub(r"[^a-z0-9]+", "_", apart).strip("_")[:64]


def _near(name: str, known: Sequence[str]) -> str | None:
    alike = [each for each in known if each.translate(_ALIKE) == name.translate(_ALIKE)]
    return next(iter(alike or difflib.get_close_matches(name, known, n=1, cutoff=_CLOSE)), None)


def _class(name: str) -> str:
    return "".join(part.capitalize() for part in name.replace("-", "_").split("_"))


def _refused(kind: str, name: str, rule: str) -> typer.BadParameter:
    return typer.BadParameter(f"the name of a plugin {rule}. Received: {name!r}", param_hint=f"--{kind}")

"""Every public name is there, documented and annotated, in core and plugins alike."""

from __future__ import annotations

import importlib
import inspect

from support.project_paths import MODULES, module_name

NAMES = [name for name in map(module_name, MODULES) if "._" not in name]


def test_modules_say_what_is_public():
    modules = list(map(importlib.import_module, NAMES))

    assert len(modules) > 200
    assert [module.__name__ for module in modules if not module.__doc__] == []
    assert [
        f"{module.__name__}.{name}"
        for module in modules
        for name in getattr(module, "__all__", ())
        if not hasattr(module, name)
    ] == []


def test_public_names_are_documented_and_annotated():
    # getdoc looks in the bases too: an override says no more than what it overrides.
    defined = [
        each
        for name in NAMES
        for each in functions_and_classes(importlib.import_module(name))
        if each.__module__ == name
    ]

    assert len(defined) > 500
    assert [full_name(each) for each in defined if not inspect.getdoc(each)] == []
    assert [full_name(each) for each in defined if inspect.isfunction(each) and not annotated(each)] == []


def full_name(each):
    return f"{each.__module__}.{each.__qualname__}"


def functions_and_classes(module):
    """Yield the public functions and classes of a module, and the public methods of the classes."""
    for each in (getattr(module, key) for key in getattr(module, "__all__", ())):
        if inspect.isfunction(each):
            yield each
        elif inspect.isclass(each):
            yield each
            yield from (member for key, member in methods(each) if not key.startswith("_"))


def methods(cls):
    """Yield (name, function) of what a class itself defines: methods and properties of every sort."""
    for key, member in list(vars(cls).items()):
        if isinstance(member, property):
            yield key, member.fget
        elif isinstance(member, classmethod | staticmethod):
            yield key, member.__func__
        elif inspect.isfunction(member):
            yield key, member


def annotated(function):
    parameters = list(inspect.signature(function).parameters.values())
    if "." in function.__qualname__ and parameters and parameters[0].name in {"self", "cls"}:
        del parameters[0]
    return "return" in function.__annotations__ and all(
        each.annotation is not each.empty for each in parameters
    )


def test_what_is_bare_is_found():
    def bare(number):
        return number

    def told(number: int) -> int:
        """Say a number."""
        return number

    assert (inspect.getdoc(bare), annotated(bare)) == (None, False)
    assert (inspect.getdoc(told), annotated(told)) == ("Say a number.", True)

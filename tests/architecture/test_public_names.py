"""Every public name is there, documented and annotated, in core and plugins alike."""

from __future__ import annotations

import importlib
import inspect

import pytest

from support.project import MODULES, module_name

NAMES = [name for name in map(module_name, MODULES) if "._" not in name]


@pytest.mark.parametrize("name", NAMES)
def test_module_says_what_is_public(name):
    module = importlib.import_module(name)

    assert module.__doc__
    assert [public for public in getattr(module, "__all__", ()) if not hasattr(module, public)] == []


@pytest.mark.parametrize("name", NAMES)
def test_public_names_are_documented_and_annotated(name):
    defined = [
        each for each in functions_and_classes(importlib.import_module(name)) if each.__module__ == name
    ]
    functions = [each for each in defined if inspect.isfunction(each)]

    # getdoc looks in the bases too: an override says no more than what it overrides.
    assert [each.__qualname__ for each in defined if not inspect.getdoc(each)] == []
    assert [each.__qualname__ for each in functions if not annotated(each)] == []


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

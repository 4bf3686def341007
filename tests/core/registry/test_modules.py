"""Modules are parsed and not run, once, and are known to have at least the names that they have."""

from __future__ import annotations

import ast
import sys

import pytest

from optiplug._registry.modules import AbsentError, Import, Modules, UnclearError, bound_in, names_stored


@pytest.fixture
def modules(tmp_path, monkeypatch):
    """Write a module `fake_main`, and read it."""
    monkeypatch.syspath_prepend(tmp_path)

    def read(source):
        (tmp_path / "fake_main.py").write_text(source)
        return Modules()["fake_main"]

    yield read
    assert "fake_main" not in sys.modules


def test_what_names_are_bound_to(modules):
    module = modules("from json import loads as load\nX = 1\nX: int = 2\nif X:\n    class A: pass\n")
    assert module.bound["load"] == Import("json", "loads")
    assert ast.unparse(module.bound["X"]) == "2"
    assert isinstance(module.bound["A"], ast.ClassDef)
    assert "load" not in bound_in(module.tree.body, "", imports=False)


STORES = {
    "x = 1": {"x"},
    "x, (y, *z) = 1": {"x", "y", "z"},
    "for x in y: pass": {"x"},
    "with y as x: pass": {"x"},
    "print(x := 1)": {"x"},
    "import x.y, z as w": {"x", "w"},
    "from z import x, y as w": {"x", "w"},
    "def x(a): global y; y = 1": {"x", "y"},
    "async def x(): pass": {"x"},
    "class x: pass": {"x"},
    "try: pass\nexcept E as x: pass": {"x"},
    "match a:\n  case [x, *y]: pass\n  case {'k': z, **w}: pass\n  case 1 as v: pass": set("xyzwv"),
    "print(x)": set(),
}


@pytest.mark.parametrize(("source", "names"), STORES.items(), ids=STORES)
def test_names_that_may_be_bound(modules, source, names):
    assert {name for node in ast.walk(ast.parse(source)) for name in names_stored(node)} == names
    module = modules(source)
    assert all(map(module.may_have, names))
    assert not module.may_have("print")
    assert not module.hides


def test_a_module_beside_may_be_had(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("__init__", "inner"):
        (tmp_path / "fake_main").mkdir(exist_ok=True)
        (tmp_path / "fake_main" / f"{name}.py").touch()
    assert Modules()["fake_main"].may_have("inner")
    assert not Modules()["fake_main"].may_have("other")


def test_what_is_there():
    modules = Modules()
    assert all(map(modules.has, ("json", "json.tool", "sys")))
    assert not any(map(modules.has, ("no_such", "json.no_such", "")))


def test_a_module_is_parsed_once(modules, tmp_path):
    modules("X = 1")
    read = Modules()
    first = read["fake_main"]
    (tmp_path / "fake_main.py").unlink()
    assert read["fake_main"] is first


def test_what_cannot_be_parsed(modules):
    with pytest.raises(AbsentError, match="there is no module 'no_such'"):
        Modules()["no_such"]
    with pytest.raises(AbsentError, match=r"SyntaxError: .* \(line 2 of fake_main\)"):
        modules("\ndef (")
    with pytest.raises(UnclearError, match="cannot be parsed"):
        modules("-" * 100_000 + "1")

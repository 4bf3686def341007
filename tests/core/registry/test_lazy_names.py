"""`from optiplug_sgd import SGD`: each package has what its entry points offer, and imports it late."""

from __future__ import annotations

import ast
import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from optiplug import BrokenPluginError, registry
from support.fake_distributions import config_module
from support.project_paths import PACKAGES

OFFERED = {entry.target.partition(".")[0] for entry in registry.entries()}
# A package of commands alone may offer functions of its own to programs, as that which converts configs does.
OWN = {package.name for package in PACKAGES if "__all__" in (package / "__init__.py").read_text()}
PLUGINS = {package.name: package for package in PACKAGES if package.name in OFFERED - OWN}
AT_ONCE = """
import importlib, json, sys
names = {name: dir(importlib.import_module(name)) for name in sys.argv[1:]}
print(json.dumps([names, sorted({"tensorflow", "keras"} & set(sys.modules))]))
"""


def typed_names(package: Path) -> dict[str, str]:
    """Return the names that a type checker finds in a package, each with the module that it is from."""
    tree = ast.parse((package / "__init__.py").read_text())
    block = next(each for each in tree.body if isinstance(each, ast.If))
    assert ast.unparse(block.test) == "TYPE_CHECKING"
    return {
        alias.asname: f"{package.name}.{line.module}"
        for line in block.body
        for alias in line.names
        if alias.name == alias.asname
    }


@pytest.mark.parametrize("name", PLUGINS)
def test_names_are_those_that_type_checkers_find(name):
    module, typed = importlib.import_module(name), typed_names(PLUGINS[name])

    assert sorted(typed) == dir(module)
    for each, source in typed.items():
        assert getattr(module, each) is getattr(importlib.import_module(source), each)


def test_only_packages_of_commands_offer_others():
    assert {entry.kind for entry in registry.entries() if entry.target.partition(".")[0] in OWN} == {
        "commands"
    }


def test_packages_import_nothing_before_a_name_is_used():
    run = subprocess.run(
        [sys.executable, "-c", AT_ONCE, *PLUGINS], capture_output=True, text=True, check=True
    )
    names, imported = json.loads(run.stdout)

    assert len(names) > 10
    assert {"SGD", "SGDConfig"} <= set(names["optiplug_sgd"])
    assert imported == []


def test_an_unknown_name_is_an_import_error():
    with pytest.raises(ImportError, match="cannot import name 'SGDD' from 'optiplug_sgd'"):
        from optiplug_sgd import SGDD  # noqa: F401


def test_a_broken_plugin_hides_no_other(install, monkeypatch):
    points = {"optimizers": {"whole": "fake_lazy:Whole", "broken": "fake_lazy:Missing"}}
    source = config_module("Whole").replace("nowhere:Whole", "fake_lazy:Rule") + "class Rule: pass\n"
    install("fake-lazy", points=points, modules={"fake_lazy": source})
    monkeypatch.setattr("optiplug._registry.lazy_names.installed_plugins", registry.Registry())
    find, names = registry.lazy_names("fake_lazy")

    assert names() == ["Missing", "Rule", "Whole"]
    assert find("Rule").__module__ == "fake_lazy"
    with pytest.raises(BrokenPluginError, match="Missing"):
        find("Missing")

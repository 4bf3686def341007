"""The core finds plugins by metadata; it names none, and works where none is installed."""

from __future__ import annotations

import ast
import json
import sys

from support.project_paths import PACKAGES, ROOT
from support.python_environments import lend_dependencies, run

PLUGINS = sorted(package.name for package in PACKAGES if package.name != "optiplug")
ALONE = """
import json
import optiplug
entries = [entry.name for entry in optiplug.registry.entries()]
try:
    optiplug.registry.find("optimizers", "sgd")
except optiplug.UnknownPluginError as error:
    message = str(error)
print(json.dumps([entries, message]))
"""


def test_code_names_no_plugin_package():
    codes = [(path.name, code(path.read_text())) for path in (ROOT / "core" / "optiplug").rglob("*.py")]

    # Messages of Keras, in a process that has not imported it, must say what to import.
    found = [(name, plugin) for name, text in codes for plugin in PLUGINS if plugin in text]
    assert found == [("keras_objects.py", "optiplug_keras")]


def code(text):
    """Return a module without its docstrings, whose examples may use the standard plugins."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            node.value = ast.Constant(None)
    return ast.unparse(tree)


def test_core_depends_on_no_plugin():
    text = (ROOT / "core" / "pyproject.toml").read_text()

    assert [plugin for plugin in PLUGINS if plugin.replace("_", "-") in text] == []


def test_core_works_alone(tmp_path):
    """-S leaves out site-packages, and with it the plugins installed there."""
    lent = lend_dependencies(tmp_path / "lent")
    (lent / "optiplug").symlink_to(ROOT / "core" / "optiplug")
    entries, message = json.loads(run(sys.executable, "-S", "-c", ALONE, PYTHONPATH=lent))

    assert entries == []
    assert "pip" in message

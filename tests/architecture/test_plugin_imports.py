"""Core imports no plugin, a plugin imports another only if it depends on it, and of core what is public."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator, Mapping

import pytest

from support.project_paths import MODULES, PACKAGES, module_name

CORE = "optiplug"
PUBLIC = {
    "optiplug",
    "optiplug.checkpoint",
    "optiplug.checkpoint.claim",
    "optiplug.checkpoint.files",
    "optiplug.cli.loading",
    "optiplug.cli.schemas",
    "optiplug.cli.types_in_words",
    "optiplug.cli.unions",
    "optiplug.document",
    "optiplug.errors",
    "optiplug.locking",
    "optiplug.numerics",
    "optiplug.registry",
    "optiplug.testing",
}
OURS = {package.name for package in PACKAGES}
SOURCES = {module_name(path): path.read_text() for path in MODULES}
DEPENDENCIES = {
    package.name: tomllib.loads((package.parent / "pyproject.toml").read_text())["project"]["dependencies"]
    for package in PACKAGES
}
IS_PACKAGE = {module_name(path) for path in MODULES if path.name == "__init__.py"}


def test_plugins_are_read_and_rules_hold():
    assert {name.partition(".")[0] for name in SOURCES} == OURS
    assert sum(len(imported(*source)) for source in SOURCES.items()) > 1000
    assert list(violations(SOURCES)) == []


@pytest.mark.parametrize(
    ("module", "line", "rule"),
    [
        ("optiplug._step.step", "import optiplug_sgd", "core imports a plugin"),
        ("optiplug._step.step", "def f():\n    from optiplug_sgd.sgd import SGD", "core imports a plugin"),
        ("optiplug_adam.adam", "from optiplug_sgd.sgd import SGD", "a plugin imports another"),
        ("optiplug_contrib.sam", "import optiplug_lab.run as run", "a plugin imports another"),
        ("optiplug_sgd.sgd", "from optiplug._step.step import Step", "not public"),
        ("optiplug_sgd.sgd", "from optiplug import _step", "not public"),
        ("optiplug_sgd.sgd", "from optiplug.cli import main", "not public"),
        ("optiplug_sgd.sgd", "from optiplug.document.yaml import parse", "not public"),
        ("optiplug_sgd.sgd", "import optiplug._config.base", "not public"),
        (
            "optiplug_sgd.sgd",
            "if TYPE_CHECKING:\n    from optiplug._types import Tensor",
            "not public",
        ),
    ],
)
def test_a_planted_import_is_found(module, line, rule):
    found = list(violations({module: f"{SOURCES[module]}\n{line}\n"}))

    assert len(found) == 1
    assert found[0].startswith(f"{module}: {rule}: ")


def test_a_plugin_imports_what_it_depends_on():
    name, line = "optiplug_compare", "from optiplug_lab.trainer import Trainer"

    assert list(violations({name: f"{SOURCES[name]}\n{line}\n"})) == []


@pytest.mark.parametrize(
    "line",
    [
        "from optiplug import Optimizer, registry",
        "from optiplug.testing import parametrize_with_checks",
        "from .config import SGDConfig",
        "import optiplug, tensorflow",
    ],
)
def test_what_is_public_may_be_imported(line):
    name = "optiplug_sgd.sgd"

    assert list(violations({name: f"{SOURCES[name]}\n{line}\n"})) == []


def violations(sources: Mapping[str, str]) -> Iterator[str]:
    """Yield what breaks a rule: the module, the rule and what it imports."""
    for module, text in sources.items():
        own = module.partition(".")[0]
        for target in imported(module, text):
            theirs = target.partition(".")[0]
            if theirs not in OURS or theirs == own:
                continue
            if own == CORE:
                yield f"{module}: core imports a plugin: {target}"
            elif theirs != CORE and theirs.replace("_", "-") in DEPENDENCIES[own]:
                continue
            elif theirs != CORE:
                yield f"{module}: a plugin imports another: {target}"
            elif target not in PUBLIC:
                yield f"{module}: not public: {target}"


def imported(module: str, text: str) -> list[str]:
    """Return the modules that a module imports, at its top, in a function or for a type checker."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = _base(module, node)
            # A name that is imported may be a module itself.
            found += [name if (name := f"{base}.{alias.name}") in SOURCES else base for alias in node.names]
    return found


def _base(module: str, node: ast.ImportFrom) -> str:
    """Return the absolute name of what stands between `from` and `import`."""
    if not node.level:
        return node.module or ""
    parts = module.split(".")
    package = parts[: len(parts) - node.level + (module in IS_PACKAGE)]
    return ".".join([*package, *([node.module] if node.module else [])])

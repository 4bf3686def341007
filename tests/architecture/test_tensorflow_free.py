"""What can be said never imports TensorFlow: names, configs, documents, listings."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib

import pytest

from support.project_paths import DISTRIBUTIONS, MODULES, ROOT, module_name

CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
SAYABLE = next(
    each["source_modules"] for each in CONTRACTS if each.get("forbidden_modules") == ["tensorflow"]
)

IMPORT_ALL = """
import importlib, json, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
print(json.dumps(sorted({"tensorflow", "keras", "tf_keras", "jax"} & set(sys.modules))))
"""
COMMAND = """
import sys
from optiplug.cli import main
try:
    main()
finally:
    print("tensorflow" in sys.modules, file=sys.stderr)
"""


def config_modules() -> list[str]:
    """Return the modules that entry points name: importing one is what `optiplug show` does."""
    groups = [
        group
        for path in (folder / "pyproject.toml" for folder in DISTRIBUTIONS)
        for group in tomllib.loads(path.read_text())["project"].get("entry-points", {}).values()
    ]
    return sorted({target.partition(":")[0] for group in groups for target in group.values()})


def test_modules():
    modules = [module_name(path) for path in MODULES if path.name != "__main__.py"]
    core = [name for name in modules if any(in_package(name, each) for each in SAYABLE)]
    names = ["optiplug", *core, *config_modules()]
    run = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL, *names], capture_output=True, text=True, check=True
    )

    assert len(names) > 20
    assert json.loads(run.stdout) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["list"],
        ["list", "--json"],
        ["show", "sgd"],
        ["check", "examples/digits.yaml"],
        ["schema"],
        ["schema", "sgd"],
        ["--help"],
        ["train", "--help"],
        ["check", "no-such-file.yaml"],
    ],
    ids=" ".join,
)
def test_commands(arguments):
    run = subprocess.run(
        [sys.executable, "-c", COMMAND, *arguments], capture_output=True, text=True, cwd=ROOT, check=False
    )

    assert run.returncode == (0 if "no-such-file.yaml" not in arguments else 3), run.stderr
    assert run.stderr.splitlines()[-1] == "False"


def in_package(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")

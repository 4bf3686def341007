"""What can be said never imports TensorFlow: names, configs, documents, listings."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib

from optiplug._registry.plugin_api import API_GROUP
from support.project_paths import DISTRIBUTIONS, MODULES, ROOT, module_name
from support.saved_runs import saved_run

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
COMMANDS = """
import json, sys
from optiplug.cli import main
found = {}
for command in json.loads(sys.argv[1]):
    sys.argv[1:] = command.split()
    try:
        main()
    except SystemExit as end:
        found[command] = [end.code or 0, "tensorflow" in sys.modules]
    else:
        found[command] = [0, "tensorflow" in sys.modules]
print(json.dumps(found), file=sys.stderr)
"""


def config_modules() -> list[str]:
    """Return the modules that entry points name: importing one is what `optiplug show` does."""
    groups = [
        group
        for path in (folder / "pyproject.toml" for folder in DISTRIBUTIONS)
        for name, group in tomllib.loads(path.read_text())["project"].get("entry-points", {}).items()
        if name != API_GROUP  # which names no module
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


def test_commands(tmp_path):
    """One after the other in one process: what one imported would be seen after all that follow."""
    run = saved_run(tmp_path)
    one, other = (run / "checkpoints" / name for name in ("step-00000200", "step-00000400"))
    lock = tmp_path / "optiplug.lock"
    commands = {
        "list": 0,
        "list --json": 0,
        "show sgd": 0,
        "check examples/digits.yaml": 0,
        "schema": 0,
        "schema sgd": 0,
        "--help": 0,
        "train --help": 0,
        "check no-such-file.yaml": 3,
        f"lock examples/digits.yaml -o {lock}": 0,
        f"lock examples/digits.yaml -o {lock} --check": 0,
        f"check examples/digits.yaml --lock {lock}": 0,
        f"check examples/chars.yaml --lock {lock}": 4,
        "diff examples/digits.yaml examples/chars.yaml": 1,
        f"checkpoint list {run}": 0,
        f"checkpoint show {one} --json": 0,
        f"checkpoint verify {run}": 5,
        f"checkpoint diff {one} {other} --no-values": 1,
    }
    told = subprocess.run(
        [sys.executable, "-c", COMMANDS, json.dumps(list(commands))],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )

    assert told.returncode == 0, told.stderr
    assert json.loads(told.stderr.splitlines()[-1]) == {
        name: [code, False] for name, code in commands.items()
    }


def in_package(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")

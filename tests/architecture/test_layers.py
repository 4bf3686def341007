"""The import contracts of pyproject.toml hold, and they speak of every package there is."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

from support.project import PACKAGES, ROOT

LINTER = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
PLUGINS = sorted(package.name for package in PACKAGES if package.name != "optiplug")


def test_contracts_hold():
    linter = Path(sys.executable).with_name("lint-imports")
    run = subprocess.run(
        [linter, "--no-logo", "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert run.returncode == 0, run.stdout + run.stderr


def test_every_package_is_linted():
    assert LINTER["root_packages"] == ["optiplug", *PLUGINS]


def test_every_contract_on_plugins_names_all_of_them():
    lists = [
        contract[key]
        for contract in LINTER["contracts"]
        for key in ("modules", "source_modules", "forbidden_modules")
        if "optiplug_sgd" in contract.get(key, ())
    ]

    assert len(lists) == 3
    assert all(names == PLUGINS for names in lists)

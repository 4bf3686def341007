"""Damaged metadata of a stranger's distribution breaks no validation, and pydantic's plugins still run."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from support.damaged_distributions import DAMAGES
from support.fake_distributions import fake_distribution

MODULE = """
class Plugin:
    def new_schema_validator(self, schema, schema_type, path, *_):
        print("seen", path.name)
        return None, None, None

plugin = Plugin()
"""
PROGRAM = """
import warnings
warnings.simplefilter("error")
import optiplug
from optiplug._config.documents import optimizer_of
assert optimizer_of({"use": "sgd"}).kind == "optimizers"
from pydantic import BaseModel
class OfTheUser(BaseModel):
    field: int
OfTheUser(field=1)
"""


def run(*places, program=PROGRAM, **environment):
    path = os.pathsep.join([*map(str, places), os.environ.get("PYTHONPATH", "")])
    return subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": path, **environment},
        check=False,
    )


def with_points(folder, name, text, **modules):
    """Write a distribution with this entry_points.txt."""
    fake_distribution(folder, name, modules=modules)
    (folder / f"{name.replace('-', '_')}-1.0.dist-info" / "entry_points.txt").write_text(text)
    return folder


@pytest.fixture
def plugin(tmp_path):
    """A plugin of pydantic."""
    text = "[pydantic]\nmine = fake_pydantic:plugin\n"
    return with_points(tmp_path / "plugin", "fake-pydantic", text, fake_pydantic=MODULE)


def test_pydantic_still_has_what_is_replaced():
    """Where it has not, its own loader would read damaged metadata again."""
    from pydantic.plugin import _loader

    from optiplug._config import pydantic_plugins

    assert _loader.entry_points is pydantic_plugins._entry_points


@pytest.mark.parametrize("damage", ["no-sign", "points-pipe", "bad-bytes", "no-metadata"])
def test_one_damaged_distribution_breaks_neither_ours_nor_theirs(damage, tmp_path, plugin):
    folder = with_points(tmp_path / "hurt", "fake-hurt", "[console_scripts]\nrun = m:run\n")
    DAMAGES[damage].do(folder / "fake_hurt-1.0.dist-info")
    ended = run(folder, plugin)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert {"seen SGDConfig", "seen OfTheUser"} <= set(ended.stdout.splitlines())


def test_a_plugin_of_pydantic_that_cannot_be_read_is_told(tmp_path):
    folder = with_points(tmp_path, "fake-hurt", "[pydantic]\nno sign\n")
    ended = run(folder)
    assert ended.returncode == 1
    assert "RuntimeWarning: line 2 of entry_points.txt" in ended.stderr
    assert "has no `=`, and is no pydantic plugin" in ended.stderr


def test_pydantic_is_still_told_to_leave_its_plugins_out(plugin):
    assert "seen" not in run(plugin, PYDANTIC_DISABLE_PLUGINS="__all__").stdout
    assert "seen" not in run(plugin, PYDANTIC_DISABLE_PLUGINS="mine").stdout

"""A lock file has all that a config uses, and says of each what it was."""

from __future__ import annotations

import json
import shutil

import importlib_metadata
import pytest

from optiplug import registry
from optiplug._config.base import resolve
from optiplug._registry.installed_files import sha256_of_distribution
from optiplug.errors import BrokenPluginError, IncompatiblePluginError
from optiplug.locking import lock_of
from support.locked_plugins import LINES


def plugins(*values):
    """Return what is locked of optimizers, as kind, name and distribution."""
    lock = lock_of([resolve("optimizers", value) for value in values])
    return {
        (kind, plugin, name)
        for name, each in lock.distributions.items()
        for kind, names in each.plugins.items()
        for plugin in names
    }


def test_all_that_is_used_is_in_it():
    nested = {
        "use": "partition",
        "groups": [
            {"name": "a", "min_ndim": 2, "optimizer": {"use": "sgd", "processors": ["skip_non_finite"]}},
            {"name": "b", "optimizer": {"use": "adam", "learning_rate": {"use": "cosine", "decay_steps": 3}}},
        ],
        "clipnorm": 1.0,
        "use_ema": True,
    }
    nested["groups"][1]["optimizer"]["learning_rate"]["initial_learning_rate"] = 0.1
    assert plugins(nested, {"use": "sgd", "weight_decay": 0.1}) == {
        ("optimizers", "partition", "optiplug-partition"),
        ("optimizers", "sgd", "optiplug-sgd"),
        ("optimizers", "adam", "optiplug-adam"),
        ("schedules", "cosine", "optiplug-schedules"),
        ("processors", "skip_non_finite", "optiplug-processors"),
        ("processors", "clip_by_norm", "optiplug-processors"),
        ("processors", "ema", "optiplug-processors"),
        ("processors", "weight_decay", "optiplug-processors"),
    }


def test_a_run_has_its_command_and_task_too():
    run = resolve("commands", {"use": "train", "task": "digits", "optimizer": "sgd", "steps": 1})
    lab = lock_of([run]).distributions["optiplug-lab"]
    assert lab.plugins == {"commands": ("train",), "tasks": ("digits",)}


def test_versions_and_sums_are_those_that_checkpoints_have():
    lock = lock_of([resolve("optimizers", "sgd")])
    assert sorted(lock.distributions) == ["optiplug-core", "optiplug-sgd"]
    for name, each in lock.distributions.items():
        assert each.version == importlib_metadata.version(name)
        assert each.sha256 == sha256_of_distribution(name)


def test_it_names_no_path_of_the_machine():
    text = lock_of([resolve("optimizers", "sgd")]).text()
    assert "/" not in text
    assert "source" not in text


def test_what_is_required_is_in_it(installed):
    installed.plugin("schedules", "calm", "fake_Calm", "1.0", LINES["calm"])
    installed.swift(requires=["fake_calm>=1", "numpy", 'optiplug-lion; extra == "lion"'])
    lock = lock_of([resolve("optimizers", "swift")])
    assert sorted(lock.distributions) == ["fake-calm", "fake-swift", "optiplug-core"]
    assert lock.distributions["fake-swift"].requires == ("fake-calm",)
    assert lock.distributions["fake-calm"].plugins == {}


@pytest.mark.parametrize(
    ("told", "source"),
    [
        (
            {"url": "https://index.example/swift-1.4.whl", "archive_info": {}},
            "https://index.example/swift-1.4.whl",
        ),
        (
            {"url": "https://me:pw@git.example/a.git", "vcs_info": {"vcs": "git", "commit_id": "1f"}},
            "git+https://git.example/a.git@1f",
        ),
        ({"url": "file:///srv/swift", "dir_info": {"editable": True}}, None),
        ({"url": "https://a.example/ x"}, None),
        ({"url": "https://[broken"}, None),
        ({"url": "https://a.example/", "vcs_info": {"vcs": "git"}}, None),
        ({"url": 3}, None),
        ([], None),
        ("{", None),
    ],
)
def test_the_source_is_told_if_it_is_no_path(installed, told, source):
    module = installed.swift()
    text = told if isinstance(told, str) else json.dumps(told)
    (next(module.parent.glob("*.dist-info")) / "direct_url.json").write_text(text)
    assert lock_of([resolve("optimizers", "swift")]).distributions["fake-swift"].source == source


def test_what_code_has_registered_cannot_be_locked(installed):
    config = type("Mine", (registry.get("optimizers", "sgd"),), {})
    registry.register("optimizers", "mine", config)
    try:
        with pytest.raises(IncompatiblePluginError, match="mine@this session is registered by code"):
            lock_of([config()])
    finally:
        registry.unregister("optimizers", "mine")


def test_code_that_no_sum_covers_cannot_be_locked(installed, tmp_path, monkeypatch):
    (tmp_path / "fake_formulas.py").write_text("class Swift: ...")
    monkeypatch.syspath_prepend(tmp_path)
    installed.swift(text='Swift.implementation = "fake_formulas:Swift"\n')
    with pytest.raises(
        IncompatiblePluginError, match=r"fake_formulas:Swift, which fake-swift uses, is in none"
    ):
        lock_of([resolve("optimizers", "swift")])


def test_files_out_of_reach_cannot_be_locked(installed, tmp_path, monkeypatch):
    module = installed.swift()
    shutil.make_archive(str(tmp_path / "swift"), "zip", module.parent)
    installed.remove(module)
    monkeypatch.syspath_prepend(tmp_path / "swift.zip")
    installed.forget()
    with pytest.raises(BrokenPluginError, match="a file of fake-swift cannot be read"):
        lock_of([resolve("optimizers", "swift")])

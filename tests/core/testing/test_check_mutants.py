"""Each check fails on a plugin that is broken in its own way, and passes on one that is not."""

from __future__ import annotations

import importlib

import pytest

from optiplug import registry
from optiplug._config.base import resolve
from optiplug.registry import KINDS
from optiplug.testing import checks
from support.mutants import MUTANTS

SOUND = {
    "optimizers": resolve("optimizers", {"use": "sgd", "momentum": 0.9}),
    "processors": resolve("processors", {"use": "ema"}),
    "schedules": resolve("schedules", {"use": "warmup", "schedule": 0.5, "warmup_steps": 3}),
}
LISTED_HEAVY = "is_listed_without_tensorflow"  # its mutant is no class, and has a test of its own


def check_of(kind, name):
    return next(each for each in checks(kind) if each.name == name)


@pytest.mark.parametrize("mutant", MUTANTS, ids=repr)
def test_a_broken_plugin_fails_its_check(mutant, registered):
    registered(mutant.plugin)
    config = mutant.plugin.Config(**mutant.fields)
    check = check_of(config.kind, mutant.check)
    with pytest.raises(Exception, match=mutant.message):
        check(config)
    check(SOUND[config.kind])


def test_a_config_that_imports_tensorflow_fails_its_check(tmp_path, monkeypatch):
    (tmp_path / "tensorflow.py").touch()  # in place of the real one, which takes seconds
    (tmp_path / "heavy.py").write_text(
        "import tensorflow\n"
        "from optiplug import OptimizerConfig\n"
        "class HeavyConfig(OptimizerConfig):\n"
        "    implementation = 'heavy:Heavy'\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.syspath_prepend(tmp_path)
    config, check = importlib.import_module("heavy").HeavyConfig, check_of("optimizers", LISTED_HEAVY)
    entry = registry.register("optimizers", "heavy", config, distribution="a-stranger")
    try:
        with pytest.raises(AssertionError, match=r"heavy must not import tensorflow"):
            check(config())
    finally:
        registry.unregister(entry.kind, entry.name, entry.distribution)
    check(SOUND["optimizers"])


def test_no_check_is_without_a_mutant():
    killed = {mutant.check for mutant in MUTANTS} | {LISTED_HEAVY}
    assert sorted(killed) == sorted({check.name for kind in KINDS for check in checks(kind)})

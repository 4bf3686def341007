"""The checks of configs, each on a plugin that breaks it and on a sound one."""

from __future__ import annotations

import importlib

import pytest

from optiplug import registry
from support.mutants.trial import SOUND, assert_is_found, check_named, mutants_of


@pytest.mark.parametrize("mutant", mutants_of("configs"), ids=repr)
def test_a_broken_plugin_is_found(mutant, registered):
    assert_is_found(mutant, registered)


def test_a_config_that_imports_tensorflow_fails_its_check(tmp_path, monkeypatch):
    (tmp_path / "tensorflow.py").touch()  # in place of the real one, which takes seconds
    (tmp_path / "heavy.py").write_text(
        "import tensorflow\n"
        "from optiplug import OptimizerConfig\n"
        "class HeavyConfig(OptimizerConfig):\n"
        "    implementation = 'heavy:Heavy'\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=":")
    monkeypatch.syspath_prepend(tmp_path)
    config = importlib.import_module("heavy").HeavyConfig
    check = check_named("optimizers", "is_listed_without_tensorflow")
    entry = registry.register("optimizers", "heavy", config, distribution="a-stranger")
    try:
        with pytest.raises(AssertionError, match=r"heavy must not import tensorflow"):
            check(config())
    finally:
        registry.unregister(entry.kind, entry.name, entry.distribution)
    check(SOUND["optimizers"])

"""Checks as tests of pytest: their ids, their marks and what may be given."""

from __future__ import annotations

import pytest

from optiplug import ConfigError, OptimizerConfig, TaskConfig, registry
from optiplug.testing import checks, parametrize_with_checks, run


class Undocumented(TaskConfig):
    """A config with one broken promise."""

    implementation = "nowhere:Nothing"
    strength: float = 0.5


TASK = registry.get("tasks", "digits")
CONFIG_CHECKS = [each.name for each in checks("commands")]


def test_an_expected_failure_must_exist():
    with pytest.raises(ConfigError, match="did you mean 'is_documented'"):
        run(TASK(), expected_failures={"is_document": "misspelt"})
    with pytest.raises(ConfigError, match="did you mean 'digits-is_documented'"):
        parametrize_with_checks([TASK()], expected_failures={"digit-is_documented": "misspelt"})


def test_tests_are_named_after_plugin_and_check(registered):
    registered(Undocumented)
    sgd = registry.get("optimizers", "sgd")
    hooked = sgd(processors=["monitor", {"use": "accumulate", "steps": 3}])
    configs = [sgd(), sgd(momentum=0.9), hooked, TASK(), Undocumented()]
    mark = parametrize_with_checks(configs, expected_failures={"undocumented-is_documented": "a test"})
    cases = {each.id: each for each in mark.args[1]}
    assert [name.partition("-")[0] for name in cases if name.endswith("-dense_equals_sparse")] == [
        "sgd",
        "sgd(momentum=0.9)",
        "sgd(processors=[monitor, accumulate(steps=3)])",
    ]
    assert [name for name in cases if name.startswith("digits-")] == [
        f"digits-{name}" for name in CONFIG_CHECKS
    ]
    assert [(name, each.marks[0].kwargs) for name, each in cases.items() if each.marks] == [
        ("undocumented-is_documented", {"reason": "a test", "strict": True})
    ]


def test_instances_are_wanted_and_what_was_made_from_one_will_do():
    with pytest.raises(ConfigError, match=r"must be a config.*write OptimizerConfig\(\)"):
        parametrize_with_checks([OptimizerConfig])
    config = registry.get("schedules", "constant")(value=0.5)
    assert {each.values[0] for each in parametrize_with_checks([config.create()]).args[1]} == {config}

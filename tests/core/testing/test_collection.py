"""The kit itself: which checks there are, how they are run, and what it says of them."""

from __future__ import annotations

import subprocess
import sys
import unittest

import pytest

from optiplug import ConfigError, OptimizerConfig, TaskConfig, registry
from optiplug.registry import KINDS
from optiplug.testing import Check, NotApplicable, checks, parametrize_with_checks, run


class Undocumented(TaskConfig):
    """A config with one broken promise."""

    implementation = "nowhere:Nothing"
    strength: float = 0.5


TASK = registry.get("tasks", "digits")
CONFIG_CHECKS = [each.name for each in checks("commands")]


@pytest.mark.parametrize("kind", KINDS)
def test_every_check_says_what_it_promises(kind):
    found = checks(kind)
    assert len({each.name for each in found}) == len(found) >= 6
    assert all(each.summary.endswith(".") and kind in each.kinds for each in found)


def test_there_are_no_checks_of_other_kinds():
    with pytest.raises(ConfigError, match="did you mean 'optimizers'"):
        checks("optimizer")
    with pytest.raises(ConfigError, match="names_its_source is a check of optimizers"):
        next(each for each in checks("optimizers") if each.name == "names_its_source")(TASK())


def test_results_say_what_became_of_each_check(registered):
    registered(Undocumented)
    results = {each.check.name: each for each in run(Undocumented())}
    assert results["survives_json"].outcome == "passed"
    assert results["is_documented"].outcome == "failed"
    assert "['strength']" in results["is_documented"].message
    assert results["is_listed_without_tensorflow"].outcome == "skipped"
    assert [name for name, each in results.items() if not each.ok] == ["is_documented"]


def test_expected_failures_need_a_reason_and_a_failure(registered):
    registered(Undocumented)
    expected = {"is_documented": "a test", "survives_json": "out of date"}
    results = {each.check.name: each for each in run(Undocumented(), expected_failures=expected)}
    assert (results["is_documented"].outcome, results["is_documented"].message) == (
        "failed as expected",
        "a test",
    )
    assert results["survives_json"].outcome == "passed unexpectedly"
    assert [name for name, each in results.items() if not each.ok] == ["survives_json"]


def run_config_checks(config, expected=None):
    """As `run`, without the checks that step an optimizer, which this config has no processor for."""
    return [
        each for each in run(config, expected_failures=expected or {}) if each.check.name in CONFIG_CHECKS
    ]


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


def test_what_does_not_apply_is_skipped():
    def reason(_):
        raise NotApplicable("no such thing here")

    with pytest.raises(unittest.SkipTest, match="no such thing here"):  # which pytest reports as skipped
        Check("never", ("tasks",), "Nothing.", reason)(TASK())


def test_importing_the_kit_imports_neither_tensorflow_nor_pytest():
    code = "import optiplug.testing, sys; print({'tensorflow', 'pytest', 'numpy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"

"""The kit itself: which checks there are, how they are run, and what it says of them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from optiplug import TaskConfig
from optiplug.registry import KINDS
from optiplug.testing import checks, run


class Undocumented(TaskConfig):
    """A config with one broken promise."""

    implementation = "nowhere:Nothing"
    strength: float = 0.5


@pytest.mark.parametrize("kind", KINDS)
def test_every_check_says_what_it_promises(kind):
    found = checks(kind)
    assert len({each.name for each in found}) == len(found) >= 6
    assert all(each.summary.endswith(".") and kind in each.kinds for each in found)


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


def test_importing_the_kit_imports_neither_tensorflow_nor_pytest():
    code = "import optiplug.testing, sys; print({'tensorflow', 'pytest', 'numpy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"

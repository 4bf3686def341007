"""Parameter servers: steps of one worker at a time equal those of one process, and no update is lost."""

import pytest

from support import server_scenarios as scenarios
from support.workers import run

pytestmark = pytest.mark.slow

NAMES = ("equal", "concurrent", "told")


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """What a chief with two servers and three workers finds, in one process for all tests."""
    tasks = {"chief": 1, "ps": 2, "worker": scenarios.WORKERS}
    names = [f"support.server_scenarios:{name}" for name in NAMES]
    return run("support.workers:in_turn", tasks, tmp_path_factory.mktemp("ps"), 280, names=names)[0]


def result(results, name):
    assert "error" not in results[name], results[name]["error"]
    return results[name]["value"]


@pytest.mark.parametrize("config", scenarios.CONFIGS)
def test_steps_equal_those_of_one_process(results, config):
    assert result(results, "equal")[config] <= 1e-12


@pytest.mark.parametrize("config", ["sgd", "chain"])
def test_no_update_of_three_workers_is_lost(results, config):
    count = scenarios.CONCURRENT
    assert result(results, "concurrent")[config] == [[count] * 4] * scenarios.TURNS


def test_the_step_is_uncompiled_with_one_word(results):
    (message,) = result(results, "told")
    assert message.startswith(
        "adam: the variables are on parameter servers, where TensorFlow compiles nothing"
    )
    assert "`jit_compile=False` says that you know" in message

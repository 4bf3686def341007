"""Parameter servers: steps equal those of one process, none is lost, shards are one, and little travels."""

import pytest

from support import server_scenarios as scenarios
from support import traffic
from support.workers import run

pytestmark = pytest.mark.slow

NAMES = [
    *(f"support.server_scenarios:{name}" for name in ("equal", "concurrent", "told")),
    *(f"support.sharded_scenarios:{name}" for name in ("split", "refused", "restored", "library", "models")),
]


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """What a chief with two servers and three workers finds, in one process for all tests."""
    tasks = {"chief": 1, "ps": 2, "worker": scenarios.WORKERS}
    return run("support.workers:in_turn", tasks, tmp_path_factory.mktemp("ps"), 280, names=NAMES)[0]


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


@pytest.mark.parametrize("kind", ["dense", "exact", "lazy"])
def test_two_shards_train_as_one_table(results, kind):
    assert result(results, "split")[kind] <= 1e-12


def test_what_cannot_be_is_refused_by_name(results):
    split, shared = result(results, "refused")
    assert split.startswith("muon: 'table' is split into 2 shards")
    assert "adam.sharded_state: 'large' cannot be shared: a ParameterServerStrategyV2 does not keep" in shared


@pytest.mark.parametrize("way", ["out", "back"])
def test_a_checkpoint_knows_nothing_of_servers(results, way):
    assert result(results, "restored")[way] == 0


def test_the_library_saves_and_restores_shards(results):
    assert result(results, "library") == 0


@pytest.mark.parametrize("flavour", ["keras", "tf_keras"])
def test_a_model_of_keras_trains_as_in_one_process(results, flavour):
    assert result(results, "models")[flavour] <= 5e-6  # in float32


@pytest.mark.skipif(bool(traffic.without_own_network()), reason=traffic.without_own_network())
def test_no_more_than_a_gradient_travels(tmp_path):
    tasks, names = {"chief": 1, "ps": 2, "worker": 1}, ["support.sharded_scenarios:traffic"]
    sent = result(traffic.run("support.workers:in_turn", tasks, tmp_path, 200, names=names)[0], "traffic")

    for name in ("adam", "chain"):
        assert sent[f"{name} of matrices"] <= min(8.5e6, 1.01 * sent["tf_keras of matrices"])
        assert sent[f"{name} of rows"] <= min(1e6, 1.2 * sent["tf_keras of rows"])

"""Sharded state over the workers of a cluster: the bits of whole state, and checkpoints that go anywhere."""

import signal

import pytest
import tensorflow as tf

from support.sharded_runs import CONFIGS, Run
from support.sharded_workers import ALL, END, HALF, alone, digest, equal_runs, going_on, run_workers, training
from support.strategies import mirrored
from support.workers import Cluster, until


@pytest.mark.parametrize(
    ("count", "names", "compiled"),
    [
        (2, ["adam", "gates"], True),
        pytest.param(2, ["sgdm", "lion", "partition", "chain"], True, marks=pytest.mark.slow),
        # What the others have is elementwise and in these, or is decided alike by any number of workers.
        pytest.param(4, ["partition", "chain"], True, marks=pytest.mark.slow),
        # More than one digit: TensorFlow orders workers by their names as texts.
        pytest.param(11, ["adam"], False, marks=pytest.mark.slow),
    ],
    ids=str,
)
def test_same_bits(count, names, compiled, tmp_path):
    """And one process has what they saved."""
    given = {"saved_in": str(tmp_path), "names": names, "compiled": compiled}
    results = run_workers(equal_runs, count, tmp_path, **given)
    assert len({each["hash"] for each in results}) == 1
    assert all(each["held"] < 1 / count + 0.2 for each in results)
    saved = {digest(alone(tmp_path / f"worker-{place}", CONFIGS[names[-1]], ALL)) for place in range(count)}
    assert saved == {results[0]["hash"]}


@pytest.mark.slow
@pytest.mark.parametrize("graph", [False, True], ids=["eager", "graph"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "stopped"])
def test_a_worker_that_ends_is_told(number, graph, tmp_path):
    target, two = f"{training.__module__}:{training.__name__}", {"worker": 2}
    with Cluster(target, two, tmp_path, {"graph": graph}) as cluster:
        survivor = cluster["worker", 0]
        until(lambda: survivor.stdout.count("\n") > 2, 90, "the third step")
        cluster["worker", 1].send(number)
        until(lambda: survivor.returncode is not None, 60, "the end of the survivor")
    assert survivor.result["class"] == "LostWorkerError", survivor.stderr
    assert [name.split(" (")[0] for name in survivor.result["workers"]] == ["worker 1"]
    assert survivor.result["seconds"] < 30


@pytest.mark.slow
@pytest.mark.parametrize("origin", ["one", "mirrored 4"])
def test_they_go_on_from_elsewhere(origin, tmp_path):
    strategy = tf.distribute.get_strategy() if origin == "one" else mirrored(4)
    run = Run(strategy, CONFIGS["chain"], sharded=True).train(HALF)
    path = run.checkpoint.write(str(tmp_path / "saved"))
    expected = digest(run.train(END))
    assert run_workers(going_on, 2, tmp_path, path=path) == [expected] * 2

"""Clusters that many tests share, as each process takes seconds to import TensorFlow."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from support import workers

__all__ = ["in_cluster", "two_workers"]

Results = Callable[[str], list[Any]]


@pytest.fixture(scope="session")
def in_cluster(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Callable[..., Results]:
    """Return what runs functions of one module in one cluster, one after the other and once for all tests.

    What `prepare` is given before that is the folder that the processes are in.
    """
    # Each process of xdist has sessions of its own; they share the folder above theirs.
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent

    def run(
        module: str,
        names: Sequence[str],
        tasks: workers.Tasks,
        *,
        deadline: float = 240,
        prepare: Callable[[Path], object] | None = None,
        name: str = "",
    ) -> Results:
        counts = [f"{task}{count}" for task, count in tasks.items()]
        folder = shared / "-".join([module, *counts, *filter(None, [name])])
        targets = [f"{module}:{name}" for name in names]

        def make() -> dict[str, Any]:
            if prepare is not None:
                prepare(folder)
            return _run(targets, tasks, folder, deadline)

        results = _once(folder, make)
        return lambda name: _of(results, name)

    return run


@pytest.fixture(scope="session")
def two_workers(in_cluster: Callable[..., Results]) -> Results:
    """Return what two workers of a MultiWorkerMirroredStrategy return from a scenario, each."""
    from support import worker_scenarios as scenarios

    return in_cluster(scenarios.__name__, scenarios.SCENARIOS, {"worker": 2}, prepare=scenarios.prepare)


def _run(targets: Sequence[str], tasks: workers.Tasks, folder: Path, deadline: float) -> dict[str, Any]:
    with workers.Cluster("support.workers:in_turn", tasks, folder, {"names": targets}) as cluster:
        late = cluster.end(deadline)
        asked = [each for each in cluster.workers.values() if not each.serves]
        told = "\n".join(f"--- {each.name}: {each.stdout[-300:]}\n{each.stderr[-6000:]}" for each in asked)
        return {"late": late, "told": told, "results": [each.result for each in asked]}


def _of(run: dict[str, Any], name: str) -> list[Any]:
    assert all(run["results"]), f"late: {run['late']}\n{run['told']}"
    errors = [each[name]["error"] for each in run["results"] if "error" in each[name]]
    assert not errors, "\n".join(errors)
    return [each[name]["value"] for each in run["results"]]


def _once(folder: Path, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    folder.mkdir(parents=True, exist_ok=True)
    done = folder / "done.json"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            done.write_text(json.dumps(make()))
    made: dict[str, Any] = json.loads(done.read_text())
    return made

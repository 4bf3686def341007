"""`optiplug train` by several workers: what it refuses before it starts, and that they train as one."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from optiplug.cli import application
from support.train_processes import Training, config
from support.workers import free_ports

# Two workers sum the same numbers in another order.
FLOAT32 = 5e-6


def train(monkeypatch, *arguments, workers=None):
    """Run the command in this process, which it leaves before TensorFlow is asked for anything."""
    if workers is None:
        monkeypatch.delenv("TF_CONFIG", raising=False)
    else:
        monkeypatch.setenv("TF_CONFIG", workers)
    argv = ["train", *map(str, arguments)]
    done = CliRunner(env={"COLUMNS": "200"}).invoke(application(argv), argv)
    return done.exit_code, done.stderr


def of(count, index=0):
    addresses = [f"127.0.0.1:{port}" for port in range(1, count + 1)]
    return json.dumps({"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}})


@pytest.mark.parametrize(
    ("arguments", "workers", "refused"),
    [
        ([], None, (3, "strategy: needs TF_CONFIG, which is not set")),
        ([], "{", (2, "TF_CONFIG: must be JSON")),
        ([], of(2, 5), (2, "TF_CONFIG.task.index: must be a place among the 2")),
        (["--local-workers", 2], of(2), (2, "cannot be combined with TF_CONFIG")),
        (["--local-workers", 0], None, (2, "--local-workers")),
        (["--set", "strategy=none"], of(2), (3, "strategy: must be `multi_worker` for 2 workers")),
        (["--set", "strategy=none", "--local-workers", 2], None, (3, "do without `--local-workers`")),
        (["--local-workers", 3], None, (3, "batch_size: must be divisible by the number of workers, 3")),
        ([], of(5, 1), (3, "batch_size: must be divisible by the number of workers, 5")),
    ],
)
def test_what_does_not_fit_the_workers(tmp_path, monkeypatch, arguments, workers, refused):
    monkeypatch.chdir(tmp_path)
    code, said = train(monkeypatch, config(tmp_path), *arguments, workers=workers)

    assert (code, refused[1] in said) == (refused[0], True), said
    assert not (tmp_path / "runs").exists()


@pytest.mark.slow
def test_workers_with_different_configs_all_end(tmp_path):
    cluster = {"worker": [f"localhost:{port}" for port in free_ports(2)]}
    files = [config(tmp_path), config(tmp_path, name="other.yaml")]
    files[1].write_text(files[1].read_text().replace("seed: 3", "seed: 4"))

    def worker(index):
        told = json.dumps({"cluster": cluster, "task": {"type": "worker", "index": index}})
        place = "--run-dir", tmp_path / "run"
        return Training(files[index], *place, environment={"TF_CONFIG": told})

    with worker(0) as one, worker(1) as two:
        ended = [each.end() for each in (one, two)]

    for place, (code, _, said) in enumerate(ended):
        where = f"{files[place]}:12:7: seed"
        rule = "must be the same on all workers, and is 3 on worker 0, 4 on worker 1"
        assert (code, f"{where}: {rule}" in said) == (3, True), said
    assert not (tmp_path / "run").exists()

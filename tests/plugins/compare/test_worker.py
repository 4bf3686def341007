"""A worker of a comparison, in this process."""

from __future__ import annotations

import pytest

from optiplug_compare import worker
from optiplug_compare.entrants import Asked, entrants
from optiplug_compare.judged import Judged
from optiplug_compare.outcome import Outcome
from optiplug_compare.plan import Plan, laid_down
from optiplug_lab.folder import RunFolder
from optiplug_lab.worker_process import RENEWED


def ignored(*_, **__):
    pass


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Lay down a comparison of one optimizer and two seeds."""
    monkeypatch.setattr(worker, "prepare_tensorflow", ignored)  # which is for a whole process
    (tmp_path / "text.txt").write_text("the quick brown fox jumps over the lazy dog. " * 20)
    text = f"task: {{use: chars, text: {tmp_path / 'text.txt'}, context: 4, hidden: 8}}\n"
    run = "optimizer: {use: sgd, jit_compile: false}\nsteps: 2\nbatch_size: 4\n"
    (tmp_path / "run.yaml").write_text(f"command: train\n{text}{run}")
    found = entrants([tmp_path / "run.yaml"], [], Asked())
    figure = Judged("bits_per_character", False).of(found[0].config.task)
    (tmp_path / "it").mkdir()
    laid_down(Plan.of(found, figure, seeds=2, factors=[], threads=1), tmp_path / "it")
    return tmp_path / "it"


def test_a_worker_takes_what_nobody_has(folder, monkeypatch):
    told = []
    runs = [folder / "runs" / f"run-seed-{seed}" for seed in (0, 1)]
    claim = RunFolder(runs[0])

    def tell(event, **more):
        told.append((event, more.get("run", "")))
        if event == "waits":  # until the other one gives back what it has
            claim.__exit__(None, None, None)

    monkeypatch.setattr(worker, "_LOOK_AGAIN", 0.0)
    claim.__enter__()

    assert worker.work(folder, tell) == 0

    ends = [each for each in told if each[0] != "step"]
    assert ends == [("ended", "runs/run-seed-1"), ("waits", ""), ("ended", "runs/run-seed-0")]
    assert [Outcome.read(run).ended for run in runs] == ["done", "done"]


@pytest.mark.slow
def test_a_worn_worker_asks_for_a_fresh_one(folder, monkeypatch):
    monkeypatch.setattr(worker, "_MOST_REGIONS", 0)

    codes = [worker.work(folder, ignored) for _ in range(3)]

    assert codes == [RENEWED, RENEWED, 0]

"""A worker process: its log, its GPU, its threads, its wear."""

from __future__ import annotations

import signal
import sys

import pytest

from optiplug_lab.worker_process import WorkerProcess, gpu_of, is_worn, threads


def ended(worker):
    code = worker.process.wait(60)
    worker.process.stdin.close()
    return code


def test_last_words_are_its_own_and_few(tmp_path):
    log = tmp_path / "log"
    log.write_text("of the one before\n")
    worker = WorkerProcess(["-c", "print('\\x1b[1mlast'); print(*range(9), sep='\\n')"], log, {})

    assert ended(worker) == 0
    assert worker.last_words() == "".join(f"\n  {number}" for number in range(4, 9))
    assert "of the one before" in log.read_text()


def test_it_ends_with_who_has_started_it(tmp_path):
    imports = "import time; from optiplug_lab.worker_process import end_with_parent"
    code = f"{imports}; end_with_parent(); time.sleep(60)"
    worker = WorkerProcess(["-c", code], tmp_path / "log", {"PYTHONPATH": ":".join(sys.path)})
    worker.process.stdin.close()  # as the end of this process does

    assert worker.process.wait(30) == -signal.SIGTERM


def test_a_signal_to_one_that_is_gone_is_no_error(tmp_path):
    worker = WorkerProcess(["-c", ""], tmp_path / "log", {})

    assert ended(worker) == 0
    worker.send(signal.SIGTERM)


@pytest.mark.parametrize(("told", "shown"), [("3,5", ["3", "5", "3"]), ("", [None] * 3)])
def test_each_sees_a_gpu(monkeypatch, told, shown):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", told)

    assert [gpu_of(place).get("CUDA_VISIBLE_DEVICES") for place in range(3)] == shown
    assert gpu_of(0)["TF_FORCE_GPU_ALLOW_GROWTH"] == "true"


def test_threads_and_wear():
    assert set(threads(2).values()) == {"2"}
    assert not is_worn(10**9)
    assert is_worn(0) == sys.platform.startswith("linux")

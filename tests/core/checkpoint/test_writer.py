"""A task beside the program: one at a time, and its errors are told."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from optiplug.checkpoint.writer import Writer


def fail():
    raise OSError(28, "no space")


def test_tasks_are_done_one_after_another():
    done, go = [], threading.Event()
    writer = Writer()
    writer.start(lambda: (go.wait(10), done.append(1)))
    assert done == []
    threading.Timer(0.05, go.set).start()
    writer.start(lambda: done.append(2))  # waits for the first
    writer.wait()

    assert done == [1, 2]


def test_an_error_is_raised_once_where_it_can_be_heard():
    writer, done = Writer(), []
    writer.start(fail)

    with pytest.raises(OSError, match="no space"):
        writer.start(lambda: done.append(1))
    assert done == []
    writer.wait()
    writer.start(lambda: done.append(1))
    writer.wait()
    assert done == [1]


@pytest.mark.parametrize(
    ("task", "told"),
    [
        ("lambda: (time.sleep(0.3), print('done', flush=True))", ("done\n", "")),
        ("lambda: 1 / 0", ("", "optiplug: the last checkpoint was not saved: division by zero\n")),
    ],
    ids=["finished", "failed"],
)
def test_at_the_exit_of_the_interpreter(task, told):
    script = f"import time\nfrom optiplug.checkpoint.writer import Writer\nWriter().start({task})"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert (run.stdout, run.stderr) == told

"""A process that asks plugins: an answer is a value or a fault, and so is its end."""

from __future__ import annotations

import json
import os
import signal
import time

import pytest

from optiplug._registry.child_process import Child, Job, answer
from optiplug.errors import BrokenPluginError
from optiplug.registry import Entry

ENTRY = Entry("optimizers", "swift", "fake-swift", "1.0", "fake_swift:Swift")


def asked(about):
    return answer(ENTRY, about, lambda entry: entry.name.upper())


def test_a_value():
    assert asked(lambda entry, config: [entry.name, config]) == (["swift", "SWIFT"], "")


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (BrokenPluginError("is broken"), "is broken."),
        (SystemExit(3), "swift@fake-swift 1.0 cannot be described: SystemExit: 3"),
        (KeyboardInterrupt(), "swift@fake-swift 1.0 cannot be described: KeyboardInterrupt"),
    ],
    ids=repr,
)
def test_a_fault(error, fault):
    def about(entry, config):
        raise error

    assert asked(about) == (None, fault)


def test_the_text_of_a_fault_is_short():
    def about(entry, config):
        raise BrokenPluginError("x" * 1_000_000)

    assert len(asked(about)[1]) < 3_000


def seen(written, end=None, entries=2):
    """Return what is told of a process that has written this, and then ended or been ended."""
    results, result = os.pipe()
    prints, printed = os.pipe()
    os.write(result, written)
    # A process that exists, and does as the test says.
    process = os.posix_spawn("/bin/sleep", ["sleep", "600"], {}, setpgroup=0)
    child = Child(process, Job([(number, ENTRY) for number in range(entries)], alone=True), results, prints)
    if end is not None:
        os.kill(process, end)
    lines = []
    deadline = time.monotonic() + 30
    while not child.ended and time.monotonic() < deadline:
        lines += [json.loads(line) for line in child.answers(limit=0.2)]
    os.close(result)
    os.close(printed)
    assert child.ended
    return lines, [job.entries for job in child.left]


def test_the_end_of_a_process_is_told_of_one_entry():
    ((number, text, fault, printed),), left = seen(b"", signal.SIGTERM)
    assert (number, text, printed) == (0, "", "")
    assert fault.endswith("from fake_swift:Swift: that ended the process, by SIGTERM")
    assert left == [[(1, ENTRY)]]


def test_a_signal_without_a_name_has_a_number():
    ((_, _, fault, _),), _ = seen(b"", signal.SIGRTMIN + 5)
    assert fault.endswith(f"by signal {signal.SIGRTMIN + 5}")


def test_one_that_takes_too_long_is_told_and_ended():
    lines, left = seen(b"+[1, '', 0]\n")
    assert [number for number, *_ in lines] == [0, 1]
    assert "takes longer than 0.2 seconds" in lines[1][2]
    assert left == []


def test_lines_that_are_too_many_are_no_answers():
    lines, left = seen(b"+a\n+\xff\n+c\n+d\n")
    assert [(number, text) for number, text, *_ in lines] == [(0, "a"), (1, "\ufffd")]
    assert left == []

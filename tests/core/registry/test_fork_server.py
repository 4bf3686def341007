"""The process that asks plugins: an answer is a value or a fault."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from optiplug._registry.fork_server import answer
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


def test_entries_are_told_in_lines_as_they_come():
    def told(number):
        entry = Entry("optimizers", f"n{number}", f"d{number % 2}", "1", "collections:OrderedDict")
        return [entry.kind, entry.name, entry.distribution, entry.version, entry.target, False]

    request = {
        "about": "json:dumps",
        "entries": [told(number) for number in range(5)],
        "limit": 5,
        "alone": False,
    }
    code = "import json, sys; from optiplug._registry.fork_server import serve; serve(json.load(sys.stdin))"
    served = subprocess.run(
        [sys.executable, "-c", code], input=json.dumps(request), capture_output=True, text=True, check=True
    )
    answers = [json.loads(line) for line in served.stdout.splitlines()]
    assert sorted(number for number, *_ in answers) == [0, 1, 2, 3, 4]
    assert all("is not a Config class" in json.loads(text)[1] for _, text, _, _ in answers)

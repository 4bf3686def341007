"""The process that forks others answers in lines."""

from __future__ import annotations

import json
import subprocess
import sys

from optiplug.registry import Entry


def told(number):
    entry = Entry("optimizers", f"n{number}", f"d{number % 2}", "1", "collections:OrderedDict")
    return [entry.kind, entry.name, entry.distribution, entry.version, entry.target, False]


def served(entries, within):
    request = {"about": "json:dumps", "entries": entries, "limit": 5, "alone": False, "within": within}
    code = "import json, sys; from optiplug._registry.fork_server import serve; serve(json.load(sys.stdin))"
    return subprocess.run(
        [sys.executable, "-c", code], input=json.dumps(request), capture_output=True, text=True, check=True
    ).stdout.splitlines()


def test_entries_are_told_in_lines_as_they_come():
    answers = [json.loads(line) for line in served([told(number) for number in range(5)], None)]
    assert sorted(number for number, *_ in answers) == [0, 1, 2, 3, 4]
    assert all("is not a Config class" in json.loads(text)[1] for _, text, _, _ in answers)


def test_what_there_is_no_time_for_is_left_out():
    assert served([told(0)], 0) == []

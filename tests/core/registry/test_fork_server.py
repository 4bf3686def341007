"""The process that forks others answers in lines."""

from __future__ import annotations

import json
import subprocess
import sys

from optiplug.registry import Entry


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

"""What is valid and may yet not be meant: weight decays that add up."""

from __future__ import annotations

import json

import pytest

INSIDE = """\
use: partition
processors: [{use: cautious_weight_decay, rate: 0.1}]
groups: [{name: a, optimizer: adamw}]
"""


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("use: adamw", ""),
        ("use: sgd\nprocessors: [{use: weight_decay, rate: 0.1}]", ""),
        ("use: adamw\nweight_decay: 0\nprocessors: [{use: weight_decay, rate: 0.1}]", ""),
        ("use: sgd\nprocessors: [{use: l2, strength: 1, only: [a]}, {use: l2, strength: 1, only: [b]}]", ""),
        (
            "use: adamw\nprocessors: [{use: weight_decay, rate: 0.1}]",
            "`weight_decay` (by default 0.004) and `weight_decay` (PATH:2:14)",
        ),
        (
            "use: sgd\nweight_decay: 0.1\nprocessors: [{use: l2, strength: 0.1, skip: [a]}]",
            "`weight_decay` (PATH:2:15) and `l2` (PATH:3:14)",
        ),
        (
            INSIDE,
            "`weight_decay` (by default 0.004) and `cautious_weight_decay` (PATH:2:14)",
        ),
    ],
)
def test_weight_decays_that_add_up_are_told(run, write, text, note):
    path = write(text)
    result = run("check", path)
    assert (result.exit_code, result.stderr) == (0, "")
    assert ("weight decay adds up" in result.stdout) == bool(note)
    assert note.replace("PATH", str(path)) in result.stdout
    assert len(json.loads(run("check", path, "--json").stdout).get("notes", [])) == bool(note)

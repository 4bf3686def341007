"""What the page on reliability promises is tested, and what is tested is promised."""

from __future__ import annotations

import re

import pytest

from support.project_paths import ROOT

PAGE = (ROOT / "docs" / "reliability.md").read_text()
PROMISED, _, TRIED = PAGE.partition("## How it was tried")
FILES = [ROOT / "tests" / "faults" / f"test_{name}.py" for name in ("promises", "runs")]


def promises(text):
    """Return the test that each sentence in bold stands for."""
    sentences = re.findall(r"^- \*\*([^*]+)\.\*\*", text, re.MULTILINE)
    return [f"test_{re.sub('[^a-z]+', '_', sentence.lower())}" for sentence in sentences]


def test_each_promise_is_the_name_of_a_test():
    tests = [
        name for path in FILES for name in re.findall(r"^def (test_\w+)", path.read_text(), re.MULTILINE)
    ]

    assert len(tests) > 12
    assert promises(PROMISED) == tests


@pytest.mark.parametrize("line", re.findall(r"^\| .*\|$", TRIED, re.MULTILINE)[1:])
def test_no_promise_was_broken(line):
    cells = [cell.strip() for cell in line.strip("|").split("|")]

    assert int(cells[1]) > 0
    assert cells[-1] == "0"

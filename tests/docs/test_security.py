"""What the page on security promises is tested, and what is tested there is promised."""

from __future__ import annotations

import re
from collections import Counter

from support.project_paths import ROOT

PAGE = (ROOT / "docs" / "security.md").read_text()
PROMISED = PAGE.partition("## What is promised")[2].partition("## Report")[0]
TESTS = re.compile(r"^ *def (test_\w+)", re.MULTILINE)


def promises(text):
    """Return the test that each sentence in bold stands for."""
    sentences = re.findall(r"^- \*\*([^*]+)\.\*\*", text, re.MULTILINE)
    return [f"test_{re.sub('[^a-z]+', '_', sentence.lower())}" for sentence in sentences]


def names_in(folder):
    return [name for path in sorted(folder.rglob("test_*.py")) for name in TESTS.findall(path.read_text())]


def test_each_promise_is_the_name_of_one_test():
    there = Counter(names_in(ROOT / "tests"))

    assert len(promises(PROMISED)) > 15
    assert {name: there[name] for name in promises(PROMISED) if there[name] != 1} == {}


def test_each_test_of_the_folder_is_promised():
    assert set(names_in(ROOT / "tests" / "security")) <= set(promises(PROMISED))


def test_nothing_is_promised_outside_of_the_list():
    sayings = [block for block in PROMISED.strip().split("\n\n") if not block.startswith("- **")]

    # What each test means, and of what the lists are.
    assert [block for block in sayings[1:] if not re.fullmatch(r"Of [a-z ]+:", block)] == []
    assert len(re.findall(r"^- ", PROMISED, re.MULTILINE)) == len(promises(PROMISED))


def test_the_policy_leads_to_the_page():
    policy = (ROOT / "SECURITY.md").read_text()

    assert "(docs/security.md)" in policy
    assert "<!-- report -->" in policy
    assert "## Supported versions" in policy

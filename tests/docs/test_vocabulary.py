"""Each word of the vocabulary is explained once, and used in that sense."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from support.project_paths import MODULES, ROOT

GLOSSARY = ROOT / "docs" / "vocabulary.md"
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md")), *sorted(ROOT.glob("docs/design/*.md"))]
# What each of the four has been called where another one was meant.
WRONG = re.compile(
    r"hook is (any|an) object"
    r"|[Aa] plugin is a (Python )?distribution"
    r"|([Aa]ppend|[Aa]dd|[Rr]emove|[Tt]ake out|[Ll]ist|[Ss]elect)(ing|s)? (or \w+ing )?a hook\b"
    r"|processor is a (method|stage)"
    r"|stage is a (method|hook)\b"
)


def terms():
    """Return the words that the glossary explains, in its order."""
    (glossary,) = re.findall(r"```\{glossary\}\n(.*?)^```", GLOSSARY.read_text(), re.MULTILINE | re.DOTALL)
    return re.findall(r"^(\S.*)\n(?=  \S)", glossary, re.MULTILINE)


def test_each_word_is_explained_once():
    counts = Counter(terms())

    assert {"plugin", "processor", "hook", "stage"} <= set(counts)
    assert set(counts.values()) == {1}


@pytest.mark.parametrize("text", ["A hook is any object with methods", "Append a hook to the list"])
def test_a_wrong_sense_is_found(text):
    assert WRONG.search(text)


def test_no_word_is_used_in_a_wrong_sense():
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in [*PAGES, *MODULES]
        for match in WRONG.finditer(path.read_text())
    ]

    assert found == []


def test_every_reference_is_to_a_word_of_the_glossary():
    named = {
        target or text
        for page in PAGES
        for text, target in re.findall(r"\{term\}`([^`<]+?)(?: <([^>]+)>)?`", page.read_text())
    }

    assert {"plugin", "processor", "hook", "stage"} <= named <= set(terms())

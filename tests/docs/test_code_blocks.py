"""What README and docs show works: Python blocks run, YAML blocks are valid configs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import optiplug
from optiplug.document import parse
from support.project_paths import ROOT

PAGES = [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md")), *sorted(ROOT.glob("docs/design/*.md"))]
FENCE = re.compile(r"^```(python|yaml)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path, language: str) -> list[tuple[int, str]]:
    """Return (line number, code) of the fenced blocks of a page in one language."""
    text = page.read_text()
    return [
        (text.count("\n", 0, match.start(2)), match.group(2))
        for match in FENCE.finditer(text)
        if match.group(1) == language
    ]


def pages_with(language: str) -> list[object]:
    return [pytest.param(page, id=str(page.relative_to(ROOT))) for page in PAGES if blocks(page, language)]


@pytest.mark.parametrize("page", pages_with("python"))
def test_python(page, registered):
    """The blocks of a page run in order and share their names, as a reader would run them."""
    names = {"__name__": "page"}
    for line, code in blocks(page, "python"):
        exec(compile("\n" * line + code, str(page), "exec", dont_inherit=True), names)  # noqa: S102  # our own pages


@pytest.mark.parametrize("page", pages_with("yaml"))
def test_yaml(page):
    for line, text in blocks(page, "yaml"):
        document = parse("\n" * line + text, "yaml", str(page))

        assert optiplug.from_config(document.data).config.dump()

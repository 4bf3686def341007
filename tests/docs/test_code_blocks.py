"""What README and docs show works: Python blocks run, YAML blocks are valid configs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import optiplug
from optiplug.document import parse
from support.project_paths import ROOT

PAGES = [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md")), *sorted(ROOT.glob("docs/design/*.md"))]
COLUMNS = 88
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


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


@pytest.mark.sampled(5)
@pytest.mark.parametrize("page", pages_with("python"))
def test_python(page, registered):
    """The blocks of a page run in order and share their names, as a reader would run them."""
    names = {"__name__": "page"}
    for line, code in blocks(page, "python"):
        exec(compile("\n" * line + code, str(page), "exec", dont_inherit=True), names)  # noqa: S102  # our own pages


@pytest.mark.parametrize("page", pages_with("yaml"))
def test_yaml(page):
    for line, text in blocks(page, "yaml"):
        data = dict(parse("\n" * line + text, "yaml", str(page)).data)
        command = data.pop("command", None)

        if command:  # a run, for `optiplug train` and its like
            assert optiplug.registry.get("commands", command)(**data).dump()
        else:
            assert optiplug.from_config(data).config.dump()


@pytest.mark.parametrize("page", [pytest.param(page, id=str(page.relative_to(ROOT))) for page in PAGES])
def test_code_is_not_cut(page):
    """As many columns as a page has room for in a window of 1280 pixels; a narrower one breaks lines."""
    wide = [
        f"{line + number}: {text}"
        for language in ("python", "py", "yaml", "console", "toml")
        for line, code in blocks(page, language)
        for number, text in enumerate(code.splitlines(), 1)
        if len(text) > COLUMNS
    ]

    assert wide == []

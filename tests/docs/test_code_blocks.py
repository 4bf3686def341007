"""What README and docs show works: Python blocks run, YAML blocks are valid configs."""

from __future__ import annotations

import subprocess
import sys

import pytest

import optiplug
from optiplug.document import parse
from optiplug_tune.space import read_space
from support.page_blocks import blocks, run_blocks
from support.project_paths import ROOT

PAGES = [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md")), *sorted(ROOT.glob("docs/design/*.md"))]
COLUMNS = 88


def pages_with(language: str) -> list[object]:
    return [pytest.param(page, id=str(page.relative_to(ROOT))) for page in PAGES if blocks(page, language)]


@pytest.mark.sampled(5)
@pytest.mark.parametrize("page", pages_with("python"))
def test_python(page, registered):
    """The blocks of a page run."""
    if any("MirroredStrategy" in code for _, code in blocks(page, "python")):
        # TensorFlow allows one number of replicas in a process, so that of a page would make tests fail.
        run_apart(page)
    else:
        run_blocks(page)


def run_apart(page):
    command = [sys.executable, "-m", "support.page_blocks", str(page)]
    done = subprocess.run(
        command, cwd=ROOT / "tests", capture_output=True, text=True, timeout=240, check=False
    )

    assert not done.returncode, done.stderr


@pytest.mark.parametrize("page", pages_with("yaml"))
def test_yaml(page):
    for line, text in blocks(page, "yaml"):
        document = parse("\n" * line + text, "yaml", str(page))
        if "{search: " in text:  # ranges, for `optiplug tune`
            assert read_space(document).ranges
            continue
        data = dict(document.data)
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

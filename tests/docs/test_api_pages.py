"""The pages of the API have every public name, each on one page."""

from __future__ import annotations

import importlib
import re
from collections import Counter

import pytest

import optiplug
from support.extensions import type_table
from support.project_paths import ROOT

MODULES = ("checkpoint", "document", "errors", "locking", "numerics", "registry", "testing")
PAGES = sorted((ROOT / "docs" / "api").glob("*.md"))
DIRECTIVE = re.compile(r"^\.\. (?:auto|py:)(\w+):: ([\w.]+)\n((?:   :.*\n)*)", re.MULTILINE)
TYPES = re.compile(r"^```{type-table}\n(.*?)^```", re.MULTILINE | re.DOTALL)


def said(module, name):
    """Return the name under which a page has to have what a module calls by a name."""
    thing = getattr(importlib.import_module(module), name)
    return f"optiplug.{name}" if getattr(optiplug, name, None) is thing else f"{module}.{name}"


def on(page):
    """Yield the names that a page documents."""
    text = page.read_text()
    for kind, name, options in DIRECTIVE.findall(text):
        yield name
        if kind == "module" and ":members:" in options:
            yield from (said(name, each) for each in importlib.import_module(name).__all__)
    for block in TYPES.findall(text):
        yield from (f"optiplug.{name}" for name in block.split())


def test_every_public_name_is_on_one_page():
    modules = ["optiplug", *(f"optiplug.{name}" for name in MODULES)]
    public = {said(module, name) for module in modules for name in importlib.import_module(module).__all__}
    found = Counter(name for page in PAGES for name in on(page))

    assert {name: count for name, count in found.items() if count > 1} == {}
    assert set(found) == public | {f"optiplug.{name}" for name in MODULES}


def test_every_page_is_listed():
    index = (ROOT / "docs" / "api" / "index.md").read_text()

    assert [page.stem for page in PAGES if page.stem != "index" and f"\n{page.stem}\n" not in index] == []


def test_types_have_the_words_that_are_written_below_them():
    assert type_table.meaning("UnitScalar") == "A number in [0, 1], or a schedule."
    assert type_table.lines(["Shape"])[2:] == ["| `Shape` | A static shape. |"]
    with pytest.raises(KeyError):
        type_table.meaning("Unknown")

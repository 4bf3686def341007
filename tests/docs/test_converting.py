"""What the page about converting shows is what comes out, and its tables are those of the command."""

from __future__ import annotations

import re

import pytest

from optiplug.document import parse
from optiplug_convert import as_yaml, convert
from optiplug_convert.detection import LIBRARIES
from optiplug_convert.sources.tables import TABLES
from support.conversion_samples import TABLES as SAMPLED
from support.extensions import conversions
from support.project_paths import ROOT

PAGE = (ROOT / "docs" / "converting.md").read_text()
EXAMPLES = re.findall(
    r"^```(json|text)\n(.*?)^```\n\nbecomes\n\n^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL
)


def test_there_is_an_example_of_each_library():
    sources = {convert(parse(text, "yaml").data).source for _, text, _ in EXAMPLES}

    assert sources == LIBRARIES.keys()


@pytest.mark.parametrize(("language", "text", "expected"), EXAMPLES)
def test_an_example_becomes_what_the_page_shows(language, text, expected):
    described = parse(text, "json" if language == "json" else "yaml")

    assert as_yaml(convert(described.data)) == expected


def test_all_tables_are_on_the_page():
    shown = re.findall(r"^```\{conversions\} ([\w-]+)$", PAGE, re.MULTILINE)
    sampled = [id(row) for table, _ in SAMPLED.values() for row in table.values()]

    assert shown == list(TABLES)
    assert {id(row) for tables in TABLES.values() for table in tables for row in table.values()} >= set(
        sampled
    )


@pytest.mark.parametrize("library", TABLES)
def test_a_table_has_every_class(library):
    lines = conversions.lines(library)
    first = [cell for line in lines for cell in re.findall(r"^\| `([^`]+)` \|", line)]

    assert {name for table in TABLES[library] for name in table} <= set(first)
    assert all(line.count(" | ") in (1, 2) for line in lines if line)


def test_a_table_says_what_becomes_of_an_argument():
    lines = conversions.lines("torch")

    assert "| `RMSprop` | `rmsprop` | `eps`: `epsilon`, its square; `alpha`: `rho` |" in lines
    assert "| `betas` | `beta_1`, `beta_2` |" in lines

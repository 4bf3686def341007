"""The page on diagnostics has a section for each, and a row for every optimizer."""

from __future__ import annotations

import re

from optiplug import registry
from optiplug_workloads.diagnostics.diagnosis import FACTORS, PREFIX, SEEDS, Finding, diagnostics
from support import diagnostics_page

PAGE = diagnostics_page.PAGE.read_text()
TABLE = PAGE.partition(diagnostics_page.BEGIN)[2].partition(diagnostics_page.END)[0]
ROWS = {line.split(" | ")[0].strip("| "): line.strip("| ").split(" | ")[1:] for line in TABLE.split("\n")[4:]}
ROWS.pop("")
NAMES = [name.removeprefix(PREFIX) for name in diagnostics()]


def test_every_optimizer_that_a_name_is_enough_for_has_a_row():
    assert set(ROWS) == set(diagnostics_page.optimizers())
    assert len(ROWS) > len(registry.entries("optimizers"))
    assert all(len(row) == len(NAMES) + 1 for row in ROWS.values())
    for row in ROWS.values():
        assert row.count("✓") == int(row[-1])
        assert row.count("✓") + row.count("✗") == len(NAMES)


def test_each_diagnostic_tells_apart_and_none_passes_all():
    for number, name in enumerate(NAMES):
        marks = [row[number] for row in ROWS.values()]
        assert min(marks.count("✓"), marks.count("✗")) >= 2, name
    assert max(int(row[-1]) for row in ROWS.values()) < len(NAMES)


def test_each_diagnostic_has_a_section_with_its_goal():
    for name, task in zip(NAMES, diagnostics().values(), strict=True):
        section = re.search(rf"^## {name}\n\n(.*?)(?=^## )", PAGE, re.MULTILINE | re.DOTALL)[1]
        words = " ".join(section.split())
        assert re.search(rf"{task.goal.target:g}\b", words), name
        assert f"{task.goal.steps} steps" in words, name


def test_the_page_says_how_it_is_judged():
    assert (min(FACTORS), max(FACTORS), len(SEEDS)) == (0.01, 1000.0, 3)
    assert "down to 0.01\nand up to 1000" in PAGE
    assert "three runs are made" in PAGE


def test_the_table_is_written_between_its_marks(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"before\n{diagnostics_page.BEGIN}\nold\n{diagnostics_page.END}\nafter\n")
    rows = {
        label: [Finding.of(name, task, distance=distance) for name, task in diagnostics().items()]
        for label, distance in {"worst": 9.0, "best": 0.0}.items()
    }

    diagnostics_page.write(rows, page)
    written = page.read_text()
    assert written.startswith(f"before\n{diagnostics_page.BEGIN}\n\n| optimizer | cliff |")
    assert written.endswith(f"| 0 |\n\n{diagnostics_page.END}\nafter\n")
    assert written.index("| best | ✓ |") < written.index("| worst | ✗ |")
    assert "old" not in written

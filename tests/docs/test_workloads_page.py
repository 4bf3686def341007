"""The page on workloads has every task with a goal."""

from __future__ import annotations

from optiplug import registry
from support.extensions import workloads
from support.project_paths import ROOT

PAGE = (ROOT / "docs" / "workloads.md").read_text()


def test_the_table_has_the_goals_and_the_page_a_word_on_each():
    header, _, *rows = workloads.lines()
    cells = {row[0]: row for row in ([cell.strip() for cell in row.split("|")[1:-1]] for row in rows)}
    tasks = registry.entries("tasks")
    entries = [each for each in tasks if registry.load(each).goal and not each.name.startswith("diagnostic_")]

    assert len(cells) == len(entries) >= 7
    assert [cell.strip() for cell in header.split("|")[1:-1]] == list(workloads.HEADER)
    link = "[logistic](catalogue/tasks/logistic.md)"
    assert cells[link] == [link, "loss", "≤ 0.1", "300", "128", "650"]
    for entry in entries:
        assert f"\n`{entry.name}`\n: " in PAGE

"""The pages of the leaderboard show all that was run, what was missed, and what was not run."""

import re

import pytest
import yaml

from benchmarks.leaderboard.protocol import Protocol
from benchmarks.leaderboard.records import Records
from benchmarks.leaderboard.rows import Row, names
from benchmarks.leaderboard.score import board
from support.extensions import leaderboard, standings
from support.leaderboards import WORKLOADS, ran
from support.project_paths import ROOT

PAGE, ADDING = (ROOT / "docs" / name for name in ("leaderboard.md", "leaderboard-adding-a-row.md"))


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    rows = {
        "adamw": lambda *_: 200,
        "muon": lambda _, study: 100 + 10 * study,
        "lion": lambda workload, _: 10_000 if workload == WORKLOADS[0] else 400,
        "sgd": lambda *_: 10_000,
    }
    folder = tmp_path_factory.mktemp("runs")
    ran(folder, rows)
    return board(Protocol.read(), folder, [*rows, "soap"])


def cells(lines):
    """Return the rows of a table by their first cell."""
    split = [line.strip("| ").split(" | ") for line in lines]
    return {cell.strip("`"): rest for cell, *rest in split}


def test_scores_misses_and_what_is_missing_are_told(known):
    table = cells(leaderboard.TABLES["tuned"](known))
    assert list(table)[2:] == ["muon", "adamw", "lion", "sgd", "soap"]
    count = len(WORKLOADS)
    assert table["muon"][:2] == [f"{count} of {count}", "1.82"]
    assert table["muon"][5:] == ["110"] * count
    assert table["adamw"][1:4] == ["1.00", "", ""]
    assert table["lion"][:2] == [f"{count - 1} of {count}", "miss; 0.50 elsewhere"]
    assert table["lion"][5:] == ["miss", *["400"] * (count - 1)]
    assert table["sgd"][:2] == [f"0 of {count}", "miss"]
    assert table["soap"][0] == "not run"
    assert set(table["soap"][5:]) == {"not run"}
    assert set(cells(leaderboard.TABLES["fixed"](known))["muon"][3:]) == {"not run"}


def test_pictures_name_each_row_that_was_run(known):
    for draw in (standings.speed_ups, standings.profiles):
        picture = draw(known)
        assert all(f">{row}<" in picture for row in ("adamw", "muon", "lion", "sgd"))
        assert ">soap<" not in picture
    assert ">missed 1<" in standings.speed_ups(known)
    assert ">missed all<" in standings.speed_ups(known)


def test_pages_can_be_drawn_before_anything_is_run(tmp_path):
    empty = board(Protocol.read(), tmp_path, names())
    for table in leaderboard.TABLES.values():
        assert len(table(empty)) > 2
    for picture in leaderboard.PICTURES.values():
        assert "<svg" in picture(empty)


def test_the_page_has_each_table_and_picture_once():
    shown = re.findall(r"```\{leaderboard\} (\S+)", PAGE.read_text())
    assert sorted(shown) == sorted([*leaderboard.TABLES, *leaderboard.PICTURES])


def test_the_row_of_the_page_is_one(tmp_path):
    (block,) = re.findall(r"```\{code-block\} yaml\n(.*?)```", ADDING.read_text(), re.DOTALL)
    (tmp_path / "clipped_lion.yaml").write_text(block)
    row = Row.read("clipped_lion", tmp_path)
    assert row.space.default["learning_rate"] == 5e-4
    assert row.config().global_clipnorm == 1.0
    assert yaml.safe_load(block)["decay"] == row.decay


def test_what_is_committed_can_be_shown():
    protocol, shown = Protocol.read(), leaderboard.read(leaderboard.RUNS)
    for row in names():
        for record in Records(leaderboard.RUNS, protocol.version).of(row).values():
            assert record.row == row
    assert set(shown.records) == set(names())

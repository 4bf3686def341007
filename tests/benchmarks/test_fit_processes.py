"""Contestants in processes of their own take turns, and each is measured alone."""

from __future__ import annotations

import math
import time
from functools import partial

import pytest

from benchmarks.fit_processes import TURN, in_turns

MEBIBYTE = 2**20
BEGINNING = 0.05


def holding(mebibytes, seconds, log):
    """Return an entrant with epochs of five steps, in which it holds so much and says that so long passed."""

    def begin():
        time.sleep(BEGINNING)

        def train(epochs):
            held = b"x" * (mebibytes * MEBIBYTE)
            with log.open("a") as file:
                file.write(f"{mebibytes}:{epochs} ")
            del held
            return epochs * seconds

        return train

    return 5, begin


def broken():
    raise LookupError("on purpose")


def test_contestants_take_turns_and_are_measured_alone(tmp_path):
    log = tmp_path / "log"
    entrants = {"quick": partial(holding, 8, 0.05, log), "slow": partial(holding, 128, 0.1, log)}
    records = in_turns(entrants, rounds=3)
    assert records["quick"].steps == pytest.approx([0.01] * 3)
    assert records["slow"].steps == pytest.approx([0.02] * 3)
    assert all(BEGINNING < record.first < math.inf for record in records.values())
    assert 100 * MEBIBYTE < records["slow"].peak < 200 * MEBIBYTE
    assert records["quick"].peak < 50 * MEBIBYTE
    turns = log.read_text().split()
    assert turns[:4] == ["8:1", "128:1", "8:1", "128:1"]
    epochs = math.ceil(TURN / 0.1)
    assert [turn.split(":") for turn in turns[4:]] == [
        [label, str(epochs)] for label in ("8", "128", "128", "8", "8", "128")
    ]


def test_a_contestant_that_fails_ends_the_case(capfd):
    with pytest.raises(EOFError):
        in_turns({"broken": broken}, rounds=1)
    assert "on purpose" in capfd.readouterr().err

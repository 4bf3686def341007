"""Rows of the table, and the cases behind them."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext

import pytest

from benchmarks import __main__ as command
from benchmarks import fit
from benchmarks.contestants import OURS
from benchmarks.fit import COLUMNS, KERAS, PART, compared, grouped
from benchmarks.fit import means as means_of
from benchmarks.fit_processes import Record

MEBIBYTE = 2**20


def test_ratios_are_those_of_each_round():
    records = {
        OURS: Record(first=3.0, steps=[0.001, 0.004, 0.006, 0.010, 0.020], peak=60 * MEBIBYTE),
        KERAS: Record(first=2.0, steps=[0.002, 0.005, 0.006, 0.008, 0.010], peak=40 * MEBIBYTE),
    }
    figures = ("6.00 ms", "6.00 ms", "1.00", "0.80 to 1.25", "3.00 s", "1.50", "60 MiB", "1.50")
    assert compared(records) == figures


def test_modes_that_are_one_program_are_one_case():
    modes = ("auto", "off", "on")
    assert grouped({"auto": False, "off": False, "on": True}, modes) == [["auto", "off"], ["on"]]
    assert grouped({"auto": True, "off": False, "on": True}, modes) == [["auto", "on"], ["off"]]
    assert grouped({"auto": False, "off": False, "on": True}, ["on", "off"]) == [["on"], ["off"]]


def row(mode, step, first, peak):
    return (
        "LSTM",
        mode,
        "adam",
        "fit",
        "1.00 ms",
        "1.00 ms",
        step,
        "0.9 to 1.1",
        "1 s",
        first,
        "1 MiB",
        peak,
    )


def test_last_rows_are_geometric_means():
    rows = [
        row("off", "0.50", "1.00", "4.00"),
        row("off", "2.00", "4.00", "1.00"),
        row("on", "8.00", "2.00", "2.00"),
    ]
    assert len(rows[0]) == len(COLUMNS)
    means = means_of(rows)
    assert [mean[:3] for mean in means] == [
        ("geometric mean", "off", "2 rows"),
        ("geometric mean", "on", "1 rows"),
        ("geometric mean", "all", "3 rows"),
    ]
    assert [(mean[6], mean[9], mean[11]) for mean in means] == [
        ("1.00", "2.00", "2.00"),
        ("8.00", "2.00", "2.00"),
        ("2.00", "2.00", "2.00"),
    ]
    assert {len(mean) for mean in means} == {len(COLUMNS)}


@pytest.fixture(scope="module")
def pool():
    """A process that has imported TensorFlow once, which says for each of the tests what XLA compiles."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as made:
        yield made


@pytest.mark.parametrize(
    ("line", "cells"),
    [
        (["--model", "LSTM", "--way", "fit"], {("LSTM", "fit")}),
        (["--quick", "--model", "LSTM"], {("LSTM", "fit")}),
        (["--model", "LSTM"], {("LSTM", "fit"), ("LSTM", "loop")}),
    ],
)
def test_cases_are_those_that_are_asked_for(line, cells, pool, monkeypatch):
    monkeypatch.setattr(fit, "ProcessPoolExecutor", lambda *_: nullcontext(pool))
    arguments = command.parser().parse_args(["fit", *line, "--setup", "adam", "--mode", "on"])
    found = list(PART.cases(command.chosen(arguments, PART)))
    assert [case.args[1] for case in found] == [["on"]] * len(cells)
    assert {(case.args[0], case.args[3]) for case in found} == cells

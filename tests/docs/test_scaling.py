"""The page about scaling shows what is calculated, and what was measured when it was last written."""

from __future__ import annotations

import re

import pytest

from support import scaling_page
from support.extensions import scaling
from support.scaled_runs import RUNS, Count

BYTES = 4 * scaling.PARAMETERS
PAGE = scaling_page.PAGE.read_text()


def values(lines):
    return {line.label: dict(zip(scaling.REPLICAS, line.values, strict=True)) for line in lines}


def test_the_lines_are_those_of_the_formulas():
    held, seconds = values(scaling.lines(scaling.held)), values(scaling.lines(scaling.seconds))

    assert held["multi_worker"][1024] == pytest.approx(4 * BYTES, rel=1e-6)
    assert held["multi_worker, sharded state"][4] == pytest.approx(2.5 * BYTES, rel=1e-6)
    assert held["parameter_server, 1 server"][64] == pytest.approx(3 * BYTES, rel=1e-6)
    assert seconds["multi_worker"][1] == 0
    ring = 2 * BYTES * 1023 / 1024 / scaling.BANDWIDTH + 2 * 1023 * scaling.LATENCY
    assert seconds["multi_worker"][1024] == pytest.approx(ring, rel=1e-6)
    served = 2 * 1024 * BYTES / scaling.BANDWIDTH
    assert seconds["parameter_server, 1 server"][1024] == pytest.approx(served, rel=1e-3)


def test_the_picture_names_every_line():
    lines = scaling.lines(scaling.held), scaling.lines(scaling.seconds)
    drawing = scaling.drawn(*lines)

    assert {each.label for each in lines[0]} <= set(re.findall(r">([^<]+)</text>", drawing))
    assert drawing == scaling.drawn(*lines)


def test_the_page_says_for_what_it_is_drawn():
    assert f"{scaling.PARAMETERS // 10**6} million parameters" in PAGE
    assert f"{scaling.BANDWIDTH * 8 / 1e9:.0f} Gbit/s" in PAGE
    assert f"{scaling.LATENCY * 1e6:.0f} microseconds" in PAGE
    assert max(scaling.REPLICAS) == 1024


def test_what_is_measured_is_near_what_is_calculated():
    table = PAGE.partition(scaling_page.BEGIN)[2].partition(scaling_page.END)[0]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| ")][2:]
    shown = [(strategy, replicas, (config, model)) for strategy, replicas, config, model, *_ in rows]

    assert shown == [
        (run.strategy, str(run.numbers["replicas"]), case) for run in RUNS.values() for case in run.cases
    ]
    runs = [run for run in RUNS.values() for _ in run.cases]
    for run, (*_, config, model, calculated, measured, _) in zip(runs, rows, strict=True):
        count = Count((config, model), *run.calculated((config, model)), float(measured.replace(",", "")))
        assert f"{count.calculated:,.0f}" == calculated
        assert count.agrees, count

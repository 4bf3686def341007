"""Rows: what their files say becomes plain configs, with numbers that steps read apart from the rest."""

import numpy as np
import pytest

from benchmarks.leaderboard.protocol import Protocol
from benchmarks.leaderboard.rows import Row, names
from benchmarks.leaderboard.templates import Column, split
from optiplug_lab.config import TrainConfig

PROTOCOL = Protocol.read()


@pytest.mark.parametrize("name", names())
def test_every_row_trains_on_every_workload(name):
    row = Row.read(name)
    for workload in PROTOCOL.workloads.values():
        plain = row.plain(row.points(1, seed=1)[0], workload.steps)
        config = TrainConfig(task=workload.task, optimizer=plain, steps=workload.steps)
        template, columns = split(row.optimizer, plain)
        same = [each.value for each in columns]
        assert template.config(same) == config.optimizer


def test_points_are_of_the_ranges_and_of_the_seed():
    row = Row.read("adamw")
    points = row.points(16, seed=1)
    rates = sorted(each["learning_rate"] for each in points)
    # Quasi-random: one in each sixteenth of the range, which no sixteen independent numbers would be.
    assert np.floor(np.log(np.array(rates) / 1e-3) / np.log(100) * 16).tolist() == list(range(16))
    assert row.points(5, seed=1) == points[:5]
    assert row.points(5, seed=2) != points[:5]


def test_rates_rise_and_fall_over_the_budget_also_inside():
    row = Row.read("muon")
    plain = row.plain({"learning_rate": 0.1, "fallback.learning_rate": 0.02}, 200)
    for rate, peak in ((plain["learning_rate"], 0.1), (plain["fallback"]["learning_rate"], 0.02)):
        values = Column(rate)(200)
        assert values[0] == pytest.approx(peak / 10)
        assert values.argmax() == 10
        assert values[10] == pytest.approx(peak)
        assert 0 < values[-1] < 1e-3 * peak


def test_a_rate_that_does_not_fall_stays():
    row = Row.read("schedule_free_adamw").model_copy(update={"warmup": 0.0})
    assert row.plain({"learning_rate": 0.1, "weight_decay": 0.1}, 200)["learning_rate"] == 0.1


def test_a_template_has_all_but_what_differs():
    row = Row.read("muon")
    values = {"learning_rate": 0.1, "fallback.learning_rate": 0.02}
    template, columns = split(row.optimizer, row.plain(values, 200))
    other, _ = split(row.optimizer, row.plain(values | {"learning_rate": 0.05}, 300))
    assert template == other
    assert len(columns) == template.columns == 2
    changed = Row(name="muon", about=row.about, optimizer=row.optimizer | {"ns_steps": 6})
    assert split(changed.optimizer, changed.plain(values, 200))[0] != template


def test_what_takes_no_schedule_is_in_the_template():
    written = {"use": "adamw", "epsilon": {"search": "log", "low": 1e-8, "high": 1e-6}, "learning_rate": 0.1}
    template, columns = split(written, written | {"epsilon": 1e-7})
    assert not columns
    assert '"epsilon": 1e-07' in template.text

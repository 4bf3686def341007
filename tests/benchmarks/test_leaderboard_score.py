"""The statistics of the leaderboard: misses count, and chance alone is rarely called a difference."""

import math
import statistics

import numpy as np
import pytest

from benchmarks.leaderboard.records import Records
from benchmarks.leaderboard.rows import names
from benchmarks.leaderboard.score import profile_score, ratios
from benchmarks.leaderboard.targets import freeze, frozen, target_of
from support.leaderboards import PROTOCOL, WORKLOADS, added, ran


def test_a_score_is_the_geometric_mean_of_medians_of_best(tmp_path):
    found = ran(
        tmp_path,
        {
            "adamw": lambda _, study: (100, 200, 500)[study],
            "muon": lambda workload, _: 50 if workload == WORKLOADS[0] else 200,
        },
    )
    muon, adamw = found.tuned
    assert (muon.row, adamw.row) == ("muon", "adamw")
    assert muon.steps[WORKLOADS[0]] == 50
    assert set(adamw.steps.values()) == {200}
    assert adamw.speed_up == 1
    assert math.isnan(adamw.p_value)
    assert muon.speed_up == pytest.approx(4 ** (1 / len(WORKLOADS)))
    assert muon.profile == 1


def test_a_miss_is_never_hidden(tmp_path):
    found = ran(
        tmp_path,
        {
            "adamw": lambda *_: 200,
            "lion": lambda workload, _: 10_000 if workload == WORKLOADS[1] else 10,
            "sgd": lambda *_: 10_000,
            "late": lambda *_: 300,
        },
    )
    assert [score.row for score in found.tuned] == ["adamw", "late", "lion", "sgd"]
    lion, sgd = found.tuned[2:]
    assert (lion.speed_up, sgd.speed_up) == (0, 0)
    assert lion.where_reached == pytest.approx(20)
    assert (lion.reached, sgd.reached) == (len(WORKLOADS) - 1, 0)
    assert lion.profile == pytest.approx((len(WORKLOADS) - 1) / len(WORKLOADS))
    assert sgd.profile == 0


def test_one_lucky_study_is_not_enough(tmp_path):
    found = ran(
        tmp_path,
        {
            "adamw": lambda *_: 200,
            "lucky": lambda _, study: 10 if study == 0 else 10_000,
        },
    )
    assert found.tuned[-1].row == "lucky"
    assert set(found.tuned[-1].steps.values()) == {math.inf}


def test_profiles_count_up_to_four_times_the_fastest():
    steps = {"a": {"x": 10, "y": 40}, "b": {"x": 25, "y": math.inf}, "c": {"x": 40, "y": 10}}
    assert ratios(steps, "a") == [1, 4]
    assert ratios(steps, "b") == [2.5, math.inf]
    assert profile_score(ratios(steps, "a")) == 0.5
    assert profile_score(ratios(steps, "b")) == 0.25


def test_chance_alone_is_seldom_a_difference(tmp_path):
    generator, found = np.random.default_rng(0), []
    for number in range(12):
        rows = {
            row: lambda *_: int(200 * math.exp(0.3 * generator.normal()) / 10) * 10
            for row in ("adamw", *(f"twin_{each}" for each in range(6)))
        }
        scores = ran(tmp_path / str(number), rows).tuned
        # A board has one reference, so its twins are not independent; of each board one is enough.
        found.append(next(score.p_value for score in scores if score.row == "twin_0"))
    assert sum(p_value < 0.05 for p_value in found) <= 2
    assert statistics.median(found) > 0.15


def test_a_difference_that_is_there_is_found(tmp_path):
    generator = np.random.default_rng(1)
    rows = {
        row: lambda *_, middle=middle: int(middle * math.exp(0.2 * generator.normal()) / 10) * 10
        for row, middle in (("adamw", 300), ("muon", 150))
    }
    muon = ran(tmp_path, rows).tuned[0]
    assert muon.row == "muon"
    assert muon.p_value < 0.01


def test_targets_are_fixed_when_all_is_there_and_stay(tmp_path):
    records, rules = Records(tmp_path, PROTOCOL.version), PROTOCOL.targets
    for number, row in enumerate(rules.rows):
        for trial in range(rules.trials):
            added(records, row, ("logistic", "search", 0, trial), 100)
        for trial in range(len(rules.repeats) - 1):
            added(records, row, ("logistic", "repeat", 0, trial), 100 if number < 2 else 10_000)
        assert target_of(PROTOCOL, "logistic", records) is None
    assert freeze(PROTOCOL, records) == {}
    for number, row in enumerate(rules.rows):
        added(records, row, ("logistic", "repeat", 0, 99), 100 if number < 2 else 10_000)
    target = freeze(PROTOCOL, records)["logistic"]
    assert target.value == 0.5
    assert target.medians == dict(zip(rules.rows, (0, 0, 1, 1), strict=True))
    (tmp_path / f"{rules.rows[0]}.jsonl").unlink()
    assert frozen(PROTOCOL, tmp_path) == freeze(PROTOCOL, records) == {"logistic": target}


def test_the_protocol_names_rows_that_there_are():
    assert {PROTOCOL.reference, *PROTOCOL.targets.rows} <= set(names())
    assert len(WORKLOADS) >= 4

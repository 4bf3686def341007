"""Paired tests of a comparison."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from optiplug_compare.records import Figure, Row, RunRecord
from optiplug_compare.significance import corrected, judged_pairs, p_value


def row(name, finals, figure="loss", **more):
    runs = [RunRecord(seed=seed, folder="", final={figure: each}) for seed, each in enumerate(finals)]
    return Row(name=name, config={}, command="", parameters=1, state_bytes=0, runs=runs, **more)


def test_it_is_the_paired_t_test_of_scipy():
    first, second = np.random.default_rng(0).normal(size=(2, 5))

    assert p_value(first - second) == pytest.approx(stats.ttest_rel(first, second).pvalue)


def test_equal_runs_differ_by_nothing():
    assert p_value([0.0] * 5) == 1
    (pair,) = judged_pairs([row("a", [0.1, 0.2, 0.3]), row("b", [0.1, 0.2, 0.3])], Figure(name="loss"))
    assert (pair.difference, pair.p_value) == (0, 1)


@pytest.mark.parametrize("differences", [[0.1] * 4, [0.1, 0.1 + 1e-12, 0.1, 0.1]])
def test_equal_differences_count_by_their_signs(differences):
    # The t-test would say that nothing is more certain.
    assert p_value(differences) == 2 / 2**4


def test_one_seed_tells_nothing():
    assert math.isnan(p_value([0.1]))
    pairs = judged_pairs([row("a", [1.0]), row("b", [2.0]), row("c", [])], Figure(name="loss"))
    assert all(math.isnan(each.p_value) for each in pairs)


@pytest.mark.parametrize("seeds", [3, 5, 8])
def test_a_divergence_is_worse_than_any_figure(seeds):
    rows = [row("good", range(seeds)), row("wild", range(seeds))]
    runs = tuple(each.model_copy(update={"ended": "diverged", "final": {}}) for each in rows[1].runs)
    rows[1] = rows[1].model_copy(update={"runs": runs})

    (pair,) = judged_pairs(rows, Figure(name="loss"))

    assert pair.p_value == 2 / 2**seeds
    assert math.isnan(pair.difference)


def test_signs_are_flipped_as_by_scipy():
    values = [0.3, -0.1, math.inf, 1.1, -0.2, 0.5]
    ranked = [9.0 if math.isinf(each) else each for each in values]

    assert p_value(values) == pytest.approx(stats.wilcoxon(ranked, method="exact").pvalue)


def test_two_divergences_of_a_seed_do_not_differ():
    wild = [math.nan, 1.0, 1.5]

    (pair,) = judged_pairs([row("a", wild), row("b", wild)], Figure(name="loss"))

    assert pair.p_value == 1


def test_holm_corrects_for_the_number_of_pairs():
    # An example of statsmodels: multipletests([...], method="holm").
    assert corrected([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert corrected([math.nan, 0.01, 0.9])[1:] == [0.02, 0.9]
    assert max(corrected([0.9, 0.8])) <= 1


def test_failed_and_scaled_runs_are_not_judged():
    rows = [row("a", [1.0, 2.0, 3.0]), row("b", [1.5, 2.5, 9.0])]
    failed = rows[1].runs[2].model_copy(update={"ended": "failed", "final": {}})
    scaled = RunRecord(seed=0, rate_factor=10.0, folder="", final={"loss": 99.0})
    rows[1] = rows[1].model_copy(update={"runs": (*rows[1].runs[:2], failed, scaled)})

    (pair,) = judged_pairs(rows, Figure(name="loss"))

    assert pair.difference == pytest.approx(-0.5)


def test_the_sign_is_that_of_the_figure():
    rows = [row("a", [0.9, 0.8], "accuracy"), row("b", [0.7, 0.7], "accuracy")]

    (pair,) = judged_pairs(rows, Figure(name="accuracy", higher_is_better=True))

    assert pair.difference == pytest.approx(0.15)


def test_chance_is_called_a_difference_at_its_rate():
    draws = np.random.default_rng(1).normal(size=(1000, 4))

    found = sum(p_value(each) < 0.05 for each in draws)

    # 50 are expected, with a deviation of 7.
    assert 29 <= found <= 71


def test_many_seeds_are_not_flipped_in_full():
    values = [*np.random.default_rng(2).normal(0.5, size=19), math.inf]
    whole = stats.wilcoxon([*values[:-1], 99.0], method="exact").pvalue

    assert p_value(values) == pytest.approx(whole, rel=0.2)


def test_each_pair_is_there_once():
    rows = [row(name, [1.0, 2.0]) for name in "abcd"]

    pairs = [(each.first, each.second) for each in judged_pairs(rows, Figure(name="loss"))]

    assert pairs == list(itertools.combinations("abcd", 2))

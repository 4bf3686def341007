from __future__ import annotations

import math

import pytest

from optiplug_compare.records import Figure, Pair
from optiplug_compare.sentences import answer, question
from optiplug_compare.standings import standings, verdict
from support.comparisons import comparison, of, row, run


def standing(*runs, **fields):
    (only,) = standings(comparison(row("adamw", *runs), **fields))
    return only


def final(value, seed=0, **fields):
    return run(seed).model_copy(update={"final": {"accuracy": value}, **fields})


def test_mean_and_deviation_are_of_runs_that_are_done():
    found = standing(final(0.9), final(0.8, 1), final(0.2, 2, ended="failed"), final(0.5, rate_factor=10.0))

    assert (found.n, found.mean) == (2, pytest.approx(0.85))
    assert found.deviation == pytest.approx(0.1 / math.sqrt(2))
    assert found.ended == {"done": 2, "failed": 1}
    assert not found.is_complete


def test_of_one_run_there_is_no_deviation():
    assert math.isnan(standing(final(0.9)).deviation)


def test_a_final_value_that_is_missing_is_the_last_one():
    assert standing(run(best=0.7).model_copy(update={"final": {}})).mean == pytest.approx(0.7, abs=0.05)


def at(step, seed=0):
    """Return a run that reaches the target at a step."""
    points = ((0, 0.1), (step, 0.95), (300, 0.97))
    return run(seed).model_copy(update={"figures": {"accuracy": points}})


def test_steps_to_target_are_the_median_and_a_miss_is_infinite():
    never = run(2, best=0.5)

    assert standing(at(10), at(40, 1), at(20, 3)).steps_to_target == 20
    assert standing(at(10), at(40, 1), never).steps_to_target == 40
    assert standing(at(10), at(40, 1), never).reached == 2
    assert math.isinf(standing(at(10), never, never).steps_to_target)
    assert standing(at(10), figure=Figure(name="accuracy")).steps_to_target is None


def test_bytes_per_parameter():
    assert standing(run()).bytes_per_parameter == 8
    assert standings(comparison(row("a", run(), parameters=0)))[0].bytes_per_parameter is None


def order(*rows, **fields):
    return [each.row.name for each in standings(comparison(*rows, **fields))]


def test_the_order_is_by_mean_and_runs_that_are_lost_count():
    lucky = row("lucky", final(0.99), run(1, ended="diverged"))
    lost = row("lost", run(ended="diverged"))
    good, bad = row("good", final(0.9)), row("bad", final(0.8))

    unlucky = row("unlucky", final(0.85), run(1, ended="failed"))  # which is not the optimizer's fault

    assert order(lost, lucky, bad, unlucky, good) == ["good", "unlucky", "bad", "lucky", "lost"]
    assert order(bad, good, figure=Figure(name="accuracy")) == ["bad", "good"]
    assert order(row("nan", final(math.nan)), bad) == ["bad", "nan"]


def test_without_held_out_figures_the_loss_decides():
    low = run().model_copy(update={"figures": {}, "final": {}, "losses": ((1, 2.0), (2, 0.5))})
    high = low.model_copy(update={"losses": ((1, 2.0), (2, 0.7))})
    judged = comparison(row("high", high), row("low", low), figure=Figure(name="loss"))

    assert [each.mean for each in standings(judged)] == [0.5, 0.7]
    assert "judged by training loss, lower is better" in question(judged)


@pytest.mark.parametrize(
    ("difference", "p_value", "higher", "said"),
    [
        (0.1, 0.01, True, "better"),
        (0.1, 0.01, False, "worse"),
        (-0.1, 0.01, True, "worse"),
        (-0.1, 0.06, True, "not significant"),
        (0.1, math.nan, True, "cannot be told"),
        (math.nan, 0.01, True, "different"),
    ],
)
def test_what_is_said_of_a_pair(difference, p_value, higher, said):
    pair = Pair(first="a", second="b", difference=difference, p_value=p_value)

    assert verdict(pair, Figure(name="x", higher_is_better=higher)) == said


def said(judged):
    return answer(judged, standings(judged))


def test_the_answer_names_the_best_and_what_is_not_different():
    judged = of(["sgd", "adamw", "lion"])
    pairs = [judged.pairs[0], judged.pairs[1], judged.pairs[2].model_copy(update={"p_value": 0.3})]

    assert "lion is best: a mean held-out accuracy of 0.9" in said(judged)
    assert said(judged).endswith("over 3 seeds, significantly better than every other row.")
    assert said(judged.model_copy(update={"pairs": pairs})).endswith(
        "Not significantly different from it: adamw."
    )
    assert said(judged.model_copy(update={"pairs": ()})).endswith("was not tested.")
    assert "1 of the others could not be tested" in said(judged.model_copy(update={"pairs": pairs[1:2]}))


def test_there_may_be_no_answer():
    assert said(comparison()).startswith("No run has come to an end")
    assert said(comparison(row("sgd", run(ended="diverged")))).startswith("No run has come to an end")
    assert said(comparison(row("sgd", run()))).startswith("sgd ends with a mean held-out accuracy of 0.9")

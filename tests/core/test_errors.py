"""Messages of errors: where, which rule, what was received, what to do."""

from __future__ import annotations

import pytest

from optiplug import errors
from optiplug.errors import ConfigError, OptiplugError, Problem, StateError, nearest, sentence


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        ({}, "must be so."),
        ({"where": "a.b"}, "a.b: must be so."),
        ({"received": None}, "must be so. Received: None."),
        ({"hint": "do it."}, "must be so. Hint: do it."),
        ({"hint": "did you mean 'x'?"}, "must be so. Hint: did you mean 'x'?"),
        ({"where": "a", "received": 1, "hint": "x"}, "a: must be so. Received: 1. Hint: x."),
    ],
)
def test_a_sentence_has_the_parts_that_it_is_given(parts, text):
    assert sentence("must be so", **parts) == sentence("must be so.", **parts) == text


def test_what_was_received_is_cut():
    assert len(sentence("x", received="y" * 10_000)) < 300


def test_the_nearest_is_offered_if_it_is_near():
    assert nearest("momentun", ["momentum", "nesterov"]) == "did you mean 'momentum'?"
    assert nearest("zzz", ["momentum", "nesterov"]) == ""


def test_letters_that_changed_places_are_the_nearest():
    assert nearest("adma", ["adamax", "adam", "adamw"]) == "did you mean 'adam'?"


def raised():
    public = (getattr(errors, name) for name in errors.__all__)
    return [each for each in public if isinstance(each, type) and issubclass(each, Exception)]


def test_every_error_is_one_of_ours_and_of_a_builtin_sort():
    assert len(raised()) > 10
    assert all(issubclass(each, OptiplugError) for each in raised())
    builtin = {"ConfigError": ValueError, "UnknownPluginError": LookupError, "HookError": TypeError}
    builtin |= {"GradientsError": TypeError, "BuildError": RuntimeError, "StateError": ValueError}
    builtin |= {"ReplicaContextError": RuntimeError}
    assert all(issubclass(getattr(errors, name), base) for name, base in builtin.items())


def test_a_problem_says_its_place():
    problem = Problem(("steps", 2, "rate"), "must be positive", -1, position="run.yaml:3:5")

    assert str(problem) == "run.yaml:3:5: steps[2].rate: must be positive. Received: -1."
    assert str(problem.within("optimizer")).startswith("run.yaml:3:5: optimizer.steps[2].rate: ")


def test_a_config_error_lists_every_problem_in_a_line():
    error = ConfigError([Problem(("a",), "one"), Problem(("b",), "two")])

    assert str(error).splitlines() == ["a: one.", "b: two."]
    assert [problem.path for problem in error.problems] == [("a",), ("b",)]
    assert ConfigError("must be so", where="here").problems[0].position == "here"


def test_of_many_problems_some_are_listed():
    error = ConfigError([Problem(("steps", number), "is wrong") for number in range(5000)])

    assert str(error).splitlines()[-1] == "... and about 4,980 more."
    assert (len(error.problems), error.more) == (20, 4980)


def test_a_changed_error_keeps_count_of_what_it_leaves_out():
    error = ConfigError([Problem((number,), "is wrong") for number in range(30)])
    further = error.each(lambda problem: problem.within("steps"))

    assert further.more == 10
    assert further.problems[3].path == ("steps", 3)


LONG = "x" * 10**7


@pytest.mark.parametrize(
    "error",
    [
        OptiplugError(LONG, where=LONG, received=LONG, hint=LONG),
        ConfigError(LONG, where=LONG, received=[LONG] * 100, hint=LONG),
        ConfigError([Problem((LONG,) * 30, LONG, LONG, LONG, LONG)] * 5000),
        ConfigError([Problem(("学" * 10**6,), "学" * 10**6, hint="学" * 10**6)] * 100),
        StateError(LONG, differences=[(LONG, LONG, LONG)] * 5000),
    ],
    ids=["one", "config", "problems", "characters of three bytes", "differences"],
)
def test_a_message_is_short_whatever_is_in_it(error):
    assert len(str(error).encode()) < 64_000


HOSTILE = "\x1b[2J\x9b31m\u202e\u200b\u2028\udcff"


def every_error():
    for kind in raised():
        details = {"differences": [(HOSTILE,) * 4]} if kind is errors.DifferentWorkersError else {}
        yield kind(HOSTILE, where=HOSTILE, received=HOSTILE, hint=HOSTILE, **details)
    yield ConfigError([Problem((HOSTILE, 0), HOSTILE, HOSTILE, HOSTILE, HOSTILE)])
    yield StateError(HOSTILE, differences=[(HOSTILE,) * 3])


@pytest.mark.parametrize("error", list(every_error()), ids=lambda error: type(error).__name__)
def test_no_message_can_control_a_terminal(error):
    assert str(error).replace("\n", "").isprintable()
    assert r"\x1b[2J" in str(error)


def test_an_unknown_plugin_is_not_quoted():
    assert str(errors.UnknownPluginError("no plugin 'x'")) == "no plugin 'x'."


def test_differences_of_state_are_a_table():
    error = StateError("saved state must fit", differences=[("momentum/w", "float32 (2,)", "-")])

    assert error.differences == (("momentum/w", "float32 (2,)", "-"),)
    assert "momentum/w" in str(error).splitlines()[-1]


def test_errors_pass_through_autograph():
    assert all(each.ag_pass_through for each in raised())

"""The search for problems ends when there are enough, and decides nothing by that."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from pydantic import AfterValidator

from optiplug import Section
from optiplug._config.base import resolve
from optiplug.errors import MOST, ConfigError


class One(Section):
    one: int


class Two(Section):
    two: int


class Tree(Section):
    leaves: tuple[One | Two, ...] = ()
    inner: tuple[Tree, ...] = ()
    numbers: tuple[int, ...] = ()


def one_or_none(value):
    try:
        return One(**value)
    except ConfigError:
        return None


class Lenient(Section):
    ones: tuple[Annotated[Any, AfterValidator(one_or_none)], ...]


def refused(**values):
    with pytest.raises(ConfigError) as caught:
        Tree(**values)
    return caught.value


def test_members_of_a_union_that_do_not_fit_are_no_problems():
    assert len(Tree(leaves=[{"two": 1}] * 10 * MOST).leaves) == 10 * MOST


def test_what_is_wrong_is_found_behind_them():
    error = refused(leaves=[{"two": 1}] * 10 * MOST + [{"three": 1}])

    assert {problem.path[1] for problem in error.problems} == {10 * MOST}


def test_no_more_is_listed_than_people_read():
    error = refused(inner=[{"leaves": [{"three": 1}] * 500}] * 10, numbers=["x"] * 500)

    assert len(error.problems) == MOST
    assert error.more > 500
    assert str(error).endswith(f"... and about {error.more:,} more.")


def test_numbers_are_counted():
    error = refused(numbers=["x"] * 5000)

    assert len(error.problems) + error.more == 5000


def test_a_value_that_is_not_looked_at_hides_no_other(monkeypatch):
    looked = []
    monkeypatch.setattr(One, "model_post_init", lambda *_: looked.append(1), raising=False)
    error = refused(inner=[{"numbers": ["x"] * MOST}, {"leaves": [{"one": 1}]}])

    assert not looked
    assert [problem.path[1] for problem in error.problems] == [0] * MOST
    assert error.more == 1


def test_what_somebody_tries_is_always_looked_at():
    ones = Lenient(ones=[{"two": 1}] * 2 * MOST + [{"one": 1}]).ones

    assert ones == (*[None] * 2 * MOST, One(one=1))


def test_the_search_begins_anew():
    for _ in range(3):
        assert len(refused(numbers=["x"] * 99).problems) == MOST
    assert Tree(leaves=[{"one": 1}])


def test_names_are_searched_no_longer():
    with pytest.raises(ConfigError) as caught:
        resolve("optimizers", {"use": "sgd", "processors": ["no_such_name"] * 9000})

    assert len(caught.value.problems) == MOST
    assert caught.value.more == 9000 - MOST


@pytest.mark.parametrize("name", ["validate", "self", "args", "kwargs", "values"])
def test_a_key_may_have_any_name(name):
    with pytest.raises(ConfigError, match=f"{name}: is not a field of Tree"):
        Tree(**{name: 1})

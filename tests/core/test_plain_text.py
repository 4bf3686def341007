"""Texts of strangers, as they are shown."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optiplug._plain_text import in_one_line, of_value, plain, shortened

STEERS = {"Cc", "Cf", "Cs", "Zl", "Zp", "Co", "Cn"}


@given(st.text(st.characters(exclude_categories=[]), max_size=50))
def test_nothing_that_steers_a_terminal_is_left(text):
    shown = plain(text)

    assert all(unicodedata.category(each) not in STEERS for each in shown.replace("\n", ""))
    shown.encode()
    assert plain(shown) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x07", r"\x1b[31mred\x07"),
        ("\x9b31m", r"\x9b31m"),
        ("a\u202eb\u2066c\u200bd\ufeff", r"a\u202eb\u2066c\u200bd\ufeff"),
        ("one\u2028two\u2029", r"one\u2028two\u2029"),
        ("\udcff", r"\udcff"),
        ("one\r\ntwo\t", "one\\r\ntwo\\t"),
        ("naïve 学習 🙂", "naïve 学習 🙂"),
    ],
)
def test_it_is_an_escape(text, shown):
    assert plain(text) == shown


def test_one_line_is_one_line():
    assert in_one_line("a\nb\x0bc") == r"a\nb\x0bc"


@given(st.text(max_size=100), st.integers(20, 120))
def test_what_is_long_loses_its_middle(text, longest):
    short = shortened(text, longest)

    assert len(short) <= longest
    assert short == text or (short[:6] == text[:6] and short[-6:] == text[-6:])


@pytest.mark.parametrize(
    "value", [1, -0.5, "it's", b"x", None, (1,), [1, ["a"]], {"b": {2}, "a": frozenset()}, {}, [], range(3)]
)
def test_a_small_value_is_its_repr(value):
    assert of_value(value) == repr(value)


class Nameless:
    def __repr__(self):
        raise RuntimeError("no")


@pytest.mark.parametrize(
    "value",
    ["x" * 10**7, [1] * 10**6, dict.fromkeys(range(10**5), "x"), 10**10_000, [[["x"] * 99] * 99] * 99],
    ids=["text", "list", "mapping", "number", "lists"],
)
def test_a_large_value_is_cut(value):
    assert len(of_value(value)) <= 203


def test_a_value_whose_repr_fails_is_shown():
    assert "Nameless" in of_value([Nameless()])

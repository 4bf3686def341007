"""Reasons are short, and no terminal obeys them."""

from __future__ import annotations

import pytest

from optiplug._registry.reasons import bounded, reason


class MuteError(Exception):
    def __str__(self):
        raise SystemExit(0)


class Meta(type):
    @property
    def __name__(cls):
        raise RuntimeError


class NamelessError(Exception, metaclass=Meta):
    pass


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("no licence"), "ValueError: no licence"),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
        (ValueError("\x1b[2J\u202e\ud800"), r"ValueError: \x1b[2J\u202e\ud800"),
        (MuteError(), "MuteError: its text cannot be shown, that raises SystemExit"),
        (NamelessError("a"), "NamelessError: a"),
    ],
    ids=["text", "none", "escapes", "mute", "nameless"],
)
def test_a_reason(error, text):
    assert reason(error) == text


def test_what_is_long_is_cut_and_its_length_told():
    text = reason(ValueError("\x07" * 1_000_000))
    assert text.endswith("... (1,000,012 characters)")
    assert len(text) < 2_100
    assert bounded("a\nb") == "a\nb"

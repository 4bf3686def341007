"""Names that people take for another."""

from __future__ import annotations

import pytest

from optiplug._registry.near_names import near, nearly


@pytest.mark.parametrize(
    ("one", "other"),
    [
        *(("sgd", "sgdd"), ("sgd", "sd"), ("sgd", "sgb"), ("sgd", "gsd"), ("adamw", "adawm"), ("a", "")),
        *(("adam", "adarn"), ("lion", "l1on"), ("lion", "1i0n"), ("prodigy", "procligy"), ("wow", "vvow")),
        *(
            ("sgd", "\u0455gd"),
            ("adam", "\u0430d\u0430m"),
            ("weight_decay", "weight-decay"),
            ("cafe", "caf\u00e9"),
        ),
    ],
)
def test_near(one, other):
    assert nearly(one, other)
    assert nearly(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [("sgd", "sgd"), ("sgd", "adam"), ("adam", "aadmm"), ("lion", "noil"), ("sgd", "s"), ("", "ab")],
)
def test_not_near(one, other):
    assert not nearly(one, other)


def test_what_is_known_is_near_to_nothing():
    assert near("adan", ["adam", "adan"]) == ""
    assert near("adann", ["adam", "adan"]) == "adan"

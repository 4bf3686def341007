from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optiplug_compare.labels import apart, drawable, fitted, width_of

PLACES = st.lists(st.floats(-50, 150), min_size=1, max_size=40)


@given(PLACES)
def test_places_keep_order_distance_and_bounds(wanted):
    places = apart(wanted, 8.0, 0.0, 100.0)
    order = np.argsort(wanted, kind="stable")
    gaps = np.diff(np.array(places)[order])

    assert all(gaps >= min(8.0, 100 / max(1, len(wanted) - 1)) - 1e-6)
    assert min(places) >= -1e-6
    assert max(places) <= 100 + 1e-6


@given(
    st.lists(st.floats(0, 100), min_size=2, max_size=6), st.lists(st.floats(0, 100), min_size=6, max_size=6)
)
def test_no_other_places_are_nearer(wanted, others):
    def distance(places):
        return np.square(np.array(places) - np.sort(wanted)).sum()

    other = np.sort(others[: len(wanted)])

    if min(np.diff(other)) >= 5:
        assert distance(apart(sorted(wanted), 5.0, 0.0, 100.0)) <= distance(other) + 1e-6


def test_places_with_room_stay():
    assert apart([30.0, 10.0, 90.0], 8.0, 0.0, 100.0) == [30.0, 10.0, 90.0]


@pytest.mark.parametrize("width", [60, 80, 200])
def test_a_long_name_loses_its_middle(width):
    shown = fitted("adamw-with-a-very-long-name-0.001", 11, width, note="0.5")

    assert width_of(shown, 11) <= width
    assert shown.startswith("a")
    assert shown.endswith(" 0.5")


def test_a_name_that_fits_stays():
    assert fitted("$adamw$", 11, 200) == "$adamw$"


def test_letters_that_the_font_lacks_are_replaced():
    assert drawable("最 adamw") == "\ufffd adamw"

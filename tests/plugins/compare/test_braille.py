from __future__ import annotations

import math
import unicodedata

import pytest

from optiplug_compare.braille import Dots, framed


def sheet():
    return Dots(4, 2, (0, 1), (0, 1))


@pytest.mark.parametrize("column", range(8))
@pytest.mark.parametrize("row", range(8))
def test_each_dot_is_that_of_its_character(column, row):
    dots = sheet()
    dots.line([column / 7] * 2, [row / 7] * 2)
    (place,) = zip(*dots.cells.nonzero(), strict=True)
    dot = ("1237", "4568")[column % 2][3 - row % 4]  # as Unicode counts them, from the top

    assert place == (1 - row // 4, column // 2)
    assert unicodedata.name(dots.rows()[place[0]][place[1]]) == f"BRAILLE PATTERN DOTS-{dot}"


def test_a_line_has_no_gaps():
    dots = Dots(30, 10, (0, 100), (-1, 1))
    dots.line(range(101), [math.sin(each / 10) for each in range(101)])
    columns = [any(row[column] != " " for row in dots.rows()) for column in range(30)]

    assert all(columns)


def test_what_is_not_finite_or_outside_is_left_out():
    dots = sheet()
    dots.line([0, 0.5, 1], [math.nan, 0.5, math.inf])
    dots.line([2, 3], [2, 1e300])

    assert not dots.cells.any()


def test_a_line_to_far_outside_is_drawn_up_to_the_edge():
    dots = sheet()
    dots.line([0, 0, 1, 1], [0, 1e9, 1e9, 0])

    assert dots.cells[:, 0].all()
    assert not dots.cells[:, 1:3].any()


def test_without_these_characters_there_are_stars():
    dots = sheet()
    dots.line([0, 1], [0, 1])

    assert dots.rows(ascii_only=True) == ["  **", "**  "]
    assert framed(dots.rows(ascii_only=True), (0, 9), (0, 1), "step", ascii_only=True)[0] == "1 |  **"


@pytest.mark.parametrize(("point", "cell"), [((0, 1), (0, 0)), ((1, 0), (1, 3)), ((0, 2), None)])
def test_the_character_at_a_point(point, cell):
    assert sheet().cell(*point) == cell

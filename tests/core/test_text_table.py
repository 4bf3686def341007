"""Tables in plain text."""

from __future__ import annotations

from optiplug._text_table import table


def test_columns_are_as_wide_as_they_need():
    lines = table(["name", "x"], [["a", "long cell"], ["a longer name", ""]]).split("\n")
    assert lines == ["name           x", "a              long cell", "a longer name"]


def test_whole_numbers_stand_to_the_right():
    lines = table(["a", "bytes"], [["x", "8"], ["y", "1,024"], ["z", ""]]).split("\n")
    assert lines == ["a  bytes", "x      8", "y  1,024", "z"]
    assert table(["bytes"], [["8"], ["12.5"]]).split("\n") == ["bytes", "8", "12.5"]


def test_a_head_without_rows():
    assert table(["name", "bytes"], []) == "name  bytes"


def test_a_cell_is_one_line_that_fits_on_a_page():
    lines = table(["name"], [["one\ntwo\x1b[2J"], ["x" * 10**6]]).split("\n")

    assert lines[:2] == ["name", r"one\ntwo\x1b[2J"]
    assert len(lines) == 3
    assert len(lines[2]) < 1000

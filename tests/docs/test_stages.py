"""The tables of stages say what the core says."""

from __future__ import annotations

import inspect

from optiplug._hookspecs import ORDER, STAGES, HookSpecs
from support.extensions import stages


def cells(lines):
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


def test_order_has_every_stage_once_in_its_order():
    rows = cells(stages.order())

    assert [row[0] for row in rows] == [f"`{stage.name}`" for stage in ORDER]
    assert [row[1] for row in rows] == [stage.part for stage in ORDER]
    assert [row[0].strip("`") for row in rows if row[-1] == "yes"] == list(STAGES)
    assert all(row[2] for row in rows)


def test_hooks_are_those_that_take_part_with_their_types():
    rows = {row[0].strip("`"): row[1:] for row in cells(stages.hooks())}

    assert list(rows) == list(STAGES)
    assert rows["gate"][:2] == ["`gradients: Sequence[Tensor]`", "`tuple[Sequence[Tensor], Tensor]`"]
    assert rows["finalize"][:2] == ["", ""]


def test_hooks_have_the_words_of_the_specification():
    rows = {row[0].strip("`"): row[-1] for row in cells(stages.hooks())}

    assert rows == {name: inspect.getdoc(getattr(HookSpecs, name)) for name in STAGES}

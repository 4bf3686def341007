"""A plan knows by which name everything is in memory, and what is treated as one variable."""

from __future__ import annotations

import tensorflow as tf

import optiplug
from optiplug._optimizer.parts import parts_of


def built(**fields):
    variables = [tf.Variable([1.0, 2.0], name=name) for name in ("a", "b", "c")]
    optimizer = optiplug.create("adam", **fields)
    optimizer.build(variables)
    return parts_of(optimizer), variables


def test_everything_in_memory_has_a_path():
    parts, variables = built()
    plan = parts.plan()
    paths, everything = plan.paths, plan.everything()

    assert everything[:3] == variables
    assert len(everything) > 3
    assert len({paths[id(each)] for each in everything}) == len(everything)
    assert [paths[id(each)] for each in variables] == ["a", "b", "c"]


def test_variables_that_are_treated_alike_are_one_operand():
    parts, variables = built()
    present, _, absent = parts.plan().operands(variables)
    assert (len(present), absent) == (1, [])

    parts, variables = built(pack_small_variables=False)
    present, _, absent = parts.plan().operands(variables)
    assert (present, absent) == (variables, [])


def test_a_member_without_gradient_takes_its_pack_apart():
    parts, variables = built()
    present, _, absent = parts.plan().operands(variables[:2])

    assert present == variables[:2]
    assert absent == variables[2:]


def test_a_plan_says_what_its_config_says():
    assert built()[0].plan().jit_compile
    assert not built(jit_compile=False)[0].plan().jit_compile
    assert built(sparse="lazy")[0].plan().lazy

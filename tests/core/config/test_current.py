"""Configs with other values inside of them."""

from __future__ import annotations

import pytest

from optiplug import Section
from optiplug._config.current import updated


class Leaf(Section):
    """Something with a number."""

    rate: float = 1.0


class Tree(Section):
    """Something with such inside."""

    one: Leaf = Leaf()
    many: tuple[Leaf, ...] = ()
    named: dict[str, Leaf] = {}  # noqa: RUF012  # a field
    rate: float = 2.0


def test_what_is_inside_has_other_values_by_identity():
    leaves = [Leaf() for _ in range(3)]
    tree = Tree(many=leaves[:2], named={"a": leaves[2], "b": Leaf()})
    again = updated(tree, {id(tree.many[1]): {"rate": 0.5}, id(tree.named["a"]): {"rate": 0.25}})
    assert [each.rate for each in again.many] == [1.0, 0.5]
    assert {name: each.rate for name, each in again.named.items()} == {"a": 0.25, "b": 1.0}
    assert tree.many[1].rate == 1.0
    assert again.one is tree.one


@pytest.mark.parametrize("changes", [{}, {0: {"rate": 3.0}}])
def test_what_has_no_changes_is_equal(changes):
    tree = Tree(many=(Leaf(),))
    assert updated(tree, changes) == tree


def test_itself_has_other_values():
    tree = Tree()
    assert updated(tree, {id(tree): {"rate": 0.5}}).rate == 0.5

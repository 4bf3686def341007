"""What two configs say of the same is side by side."""

from __future__ import annotations

import pytest

from optiplug.cli.output import dotted
from optiplug.cli.pairing import pairs
from optiplug.document import parse


def paired(one, other):
    """Return (path, value, value) of two texts; "-" is nothing."""
    documents = [parse(text, "yaml", name) for text, name in ((one, "one"), (other, "other"))]
    return [
        (dotted(pair.path), *("-" if each is None else each.value for each in (pair.one, pair.other)))
        for pair in pairs(documents[0].data, documents[1].data, documents)
    ]


def differing(one, other):
    return [each for each in paired(one, other) if repr(each[1]) != repr(each[2])]


def test_equal_values_are_beside_each_other():
    text = "use: a\nbetas: [0.9, 0.99]\nempty: []\nnone: {}"
    assert paired(text, text) == [
        ("use", "a", "a"),
        ("betas[0]", 0.9, 0.9),
        ("betas[1]", 0.99, 0.99),
        ("empty", [], []),
        ("none", {}, {}),
    ]


def test_a_field_of_one_only():
    assert paired("a: 1\nb: {c: 2, d: 3}", "a: 1\ne: 4") == [
        ("a", 1, 1),
        ("b.c", 2, "-"),
        ("b.d", 3, "-"),
        ("e", "-", 4),
    ]


def test_a_number_here_and_a_schedule_there():
    assert paired("rate: 0.1", "rate: {use: cosine, steps: 3}") == [
        ("rate", 0.1, "-"),
        ("rate.use", "-", "cosine"),
        ("rate.steps", "-", 3),
    ]
    assert paired("list: [a]", "list: []") == [("list[0]", "a", "-")]
    assert paired("list: [a]", "list: null") == [("list[0]", "a", "-"), ("list", "-", None)]


@pytest.mark.parametrize(
    ("one", "other"),
    [("1", "true"), ("1", "1.0"), ("1", '"1"'), ("null", '""'), ("[]", "null"), ("[1, 2]", "[2, 1]")],
)
def test_what_only_looks_alike_differs(one, other):
    documents = [parse(f"a: {text}", "yaml") for text in (one, other)]
    assert any(pair.differs for pair in pairs(documents[0].data, documents[1].data, documents))


def test_a_default_in_place_of_parts_is_not_alone():
    documents = [parse("use: a", "yaml"), parse("strategy: {mirrored: 2}", "yaml")]
    one = {"strategy": "none"}
    found = list(pairs(one, {"strategy": {"mirrored": 2, "hidden": 1}}, documents))
    assert [(pair.path, pair.is_lone_default) for pair in found] == [
        (("strategy",), False),
        (("strategy", "mirrored"), False),
        (("strategy", "hidden"), True),
    ]


def test_items_are_those_of_the_same_plugin():
    one = "processors: [{use: ema, momentum: 1}, {use: clip}, {use: ema, momentum: 2}]"
    other = "processors: [{use: decay}, {use: ema, momentum: 1}, {use: ema, momentum: 3}]"
    assert paired(one, other) == [
        ("processors[0].use", "ema", "ema"),
        ("processors[0].momentum", 1, 1),
        ("processors[1].use", "clip", "-"),
        ("processors[2].use", "ema", "ema"),
        ("processors[2].momentum", 2, 3),
        ("processors[0].use", "-", "decay"),
    ]


def test_another_order_is_a_difference():
    one = "processors: [{use: ema}, {use: clip}, {use: decay}]"
    other = "processors: [{use: clip}, {use: new}, {use: ema}, {use: decay}]"
    assert differing(one, other) == [
        ("processors[1].use", "-", "new"),
        ("processors", ["ema", "clip", "decay"], ["clip", "ema", "decay"]),
    ]


def test_groups_are_those_of_the_same_name():
    one = "groups: [{name: a, skip: [x]}, {name: b}]"
    other = "groups: [{name: b}, {name: a, skip: [y]}]"
    assert differing(one, other) == [("groups[0].skip[0]", "x", "y"), ("groups", ["a", "b"], ["b", "a"])]


def test_each_side_has_its_own_origin():
    documents = [parse("use: a\nprocessors: [{use: x}]", "yaml", "one"), parse("use: a", "yaml", "other")]
    data = {"use": "a", "processors": [{"use": "x", "size": 1}], "rate": 2}
    both = list(pairs(data, {"use": "a", "processors": []}, documents))
    assert [(pair.one and pair.one.origin, pair.other and pair.other.origin) for pair in both] == [
        ("one:1:6", "other:1:6"),
        ("one:2:20", None),
        ("default", None),
        ("default", None),
    ]
    assert [pair.is_lone_default for pair in both] == [False, False, True, True]

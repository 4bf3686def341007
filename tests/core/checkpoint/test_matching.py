"""Saved values are matched with objects by the graph, not by the names of keys."""

from __future__ import annotations

import tensorflow as tf

from optiplug._tf_private import Snapshot, root_of, wrapped
from optiplug.checkpoint.matching import matched


def graph(**values):
    return Snapshot(root_of({name: wrapped(value) for name, value in values.items()})).graph


def key(path):
    return f"{path}/.ATTRIBUTES/VARIABLE_VALUE"


def test_values_are_matched_by_their_way_from_the_root():
    inner = [tf.Variable(1.0), tf.Variable(2.0)]
    saved = graph(model={"layers": inner})
    present = graph(alias=inner[0], model={"layers": inner})  # a shorter way gives another key

    match = matched(saved, present, {})

    assert match.keys == {key("alias"): key("model/layers/0"), key("model/layers/1"): key("model/layers/1")}
    assert match.left == match.missing == ()


def test_what_has_no_counterpart_is_told():
    saved, present = (
        graph(x=tf.Variable(1.0), y=tf.Variable(1.0)),
        graph(x=tf.Variable(1.0), z=tf.Variable(1.0)),
    )

    match = matched(saved, present, {})

    assert (match.left, match.missing) == ((key("y"),), (key("z"),))
    spec = ("float32", ())
    assert match.differences(
        {key("x"): spec, key("y"): spec}, {key("x"): ("int64", (1,)), key("z"): spec}
    ) == [
        (key("x"), "float32 ()", "int64 (1,)"),
        (key("z"), "-", "float32 ()"),
        (key("y"), "float32 ()", "-"),
    ]


def test_children_are_left_out_on_both_sides():
    saved = graph(owner={"state": tf.Variable(1.0), "x": tf.Variable(1.0)})
    present = graph(owner={"state": {"y": tf.Variable(1.0)}, "x": tf.Variable(1.0)})
    owner = present.children(0)["owner"]

    match = matched(saved, present, {owner: ["state"]})

    assert match.keys == {key("owner/x"): key("owner/x")}
    assert match.left == match.missing == ()


def test_skipped_objects_are_left_out():
    shared = tf.Variable(1.0)
    objects = {"model": {"x": shared}, "trainer": {"x": shared, "y": tf.Variable(1.0)}}
    saved, present = graph(**objects), graph(**objects)
    trainer = present.children(0)["trainer"]

    match = matched(saved, present, {}, skip=present.below({trainer}) - present.below({0}, {trainer}))

    assert match.keys == {key("model/x"): key("model/x")}
    assert (match.left, match.missing) == ((key("trainer/y"),), ())

"""What was set since an optimizer was made is read back, and is in its config."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import optiplug

FLAT = {"use": "sgd", "learning_rate": 0.5}


def partition(*rates, build=True):
    groups = [
        {"name": name, "only": [name], "optimizer": {**FLAT, "learning_rate": rate}}
        for name, rate in zip("ab", rates, strict=True)
    ]
    optimizer = optiplug.create("partition", groups=groups, jit_compile=False)
    if build:
        optimizer.build([tf.Variable(1.0, name=name) for name in "ab"])
    return optimizer


def rates(optimizer):
    return {name: float(each.learning_rate) for name, each in optimizer.nested.items()}


def in_config(optimizer):
    return [group["optimizer"]["learning_rate"] for group in optimizer.get_config()["groups"]]


def test_one_rate_of_all_groups_is_read_and_set():
    optimizer = partition(0.5, 0.5)
    assert float(optimizer.learning_rate) == 0.5
    optimizer.learning_rate = 0.25
    assert rates(optimizer) == {"a": 0.25, "b": 0.25}
    assert in_config(optimizer) == [0.25, 0.25]
    again = optiplug.from_config(optimizer.get_config())
    again.build([tf.Variable(1.0, name=name) for name in "ab"])
    assert rates(again) == rates(optimizer)


def test_a_rate_that_is_assigned_is_set_for_all_groups():
    """tf_keras assigns to what it has read."""
    optimizer = partition(0.5, 0.5)
    rate = optimizer.learning_rate
    rate.assign(0.125)
    assert rates(optimizer) == {"a": 0.125, "b": 0.125}
    assert float(rate) == float(np.array(rate)) == 0.125


def test_different_rates_of_groups_are_not_one():
    optimizer = partition(0.5, 0.25)
    assert not hasattr(optimizer, "learning_rate")
    with pytest.raises(optiplug.ConfigError, match=r"partition.learning_rate: .*optimizer\.nested"):
        optimizer.learning_rate = 0.1
    optimizer.nested["a"].learning_rate = 0.125
    assert in_config(optimizer) == [0.125, 0.25]


def test_a_rate_set_before_there_are_groups_is_refused():
    optimizer = partition(0.5, 0.5, build=False)
    optimizer.learning_rate = 0.1
    with pytest.raises(optiplug.ConfigError, match=r"partition.learning_rate: was set before"):
        optimizer.build([tf.Variable(1.0, name=name) for name in "ab"])


def test_groups_with_one_config_have_rates_of_their_own():
    config = optiplug.create("sgd", learning_rate=0.5).config
    groups = [{"name": name, "only": [name], "optimizer": config} for name in "ab"]
    optimizer = optiplug.create("partition", groups=groups)
    optimizer.build([tf.Variable(1.0, name=name) for name in "ab"])
    optimizer.nested["b"].learning_rate = 0.25
    assert in_config(optimizer) == [0.5, 0.25]


@pytest.mark.parametrize(("use", "field"), [("sam", "optimizer"), ("muon", "fallback")])
def test_the_rate_of_an_optimizer_inside_is_in_the_config(use, field):
    optimizer = optiplug.create(use, **{field: FLAT})
    optimizer.build([tf.Variable(tf.ones([2, 2]), name="a"), tf.Variable([1.0], name="b")])
    (inner,) = optimizer.nested.values()
    inner.learning_rate = 0.125
    assert optimizer.get_config()[field]["learning_rate"] == 0.125
    assert float(optimizer.learning_rate) == (0.125 if use == "sam" else np.float32(0.02))


CLIP = {"use": "clip_by_value", "max_value": 0.5}
ADDED = {
    "mapping": lambda: CLIP,
    "name": lambda: "ema",
    "config": lambda: optiplug.create("clip_by_value", max_value=0.5).config,
    "object": lambda: optiplug.create("clip_by_value", max_value=0.5),
}


@pytest.mark.parametrize("built", [True, False])
@pytest.mark.parametrize("added", ADDED.values(), ids=ADDED)
def test_a_processor_that_was_added_is_in_the_config(added, built):
    optimizer, weight = optiplug.create("sgd", use_ema=True, jit_compile=False), tf.Variable([1.0], name="w")
    if built:
        optimizer.build([weight])
    processor = added()
    optimizer.add_processor(processor)
    optimizer.build([weight])
    again = optiplug.from_config(optimizer.get_config())
    other = tf.Variable([1.0], name="w")
    again.build([other])
    # Under the same names, whatever else is of that name, and so with the same state.
    assert set(again.state.states) == set(optimizer.state.states)
    assert [type(each) for each in again.processors] == [type(each) for each in optimizer.processors]
    for each, variable in ((optimizer, weight), (again, other)):
        each.apply_gradients([(tf.constant([4.0]), variable)])
    np.testing.assert_array_equal(weight, other)
    optimizer.remove_processor(processor)
    assert optimizer.get_config()["processors"] == []


class Halve:
    @optiplug.hookimpl
    def clip(self, gradients, step):
        return [each / 2 for each in gradients]


def test_an_object_without_a_config_is_in_none():
    optimizer = optiplug.create("sgd")
    optimizer.add_processor(Halve())
    with pytest.raises(optiplug.ConfigError, match=r"processors\[0\]: .*Halve"):
        optimizer.get_config()


def test_what_is_no_processor_is_not_added():
    with pytest.raises(optiplug.ConfigError, match="an object with hooks"):
        optiplug.create("sgd").add_processor(3)

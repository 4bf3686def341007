"""Partition: which optimizer a variable gets, and what the groups share."""

from __future__ import annotations

import json

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from optiplug import ConfigError
from optiplug_partition.config import Group
from support.trajectories import assert_same, follow, problem, variables_of

TABLE = {"name": "table", "only": ["w0"], "optimizer": {"use": "sgd", "learning_rate": 1.0}}
MATRICES = {"name": "matrices", "min_ndim": 2, "optimizer": {"use": "sgd", "learning_rate": 0.5}}
REST = {"name": "rest", "optimizer": {"use": "sgd", "learning_rate": 0.25}}


def partition(*groups, **fields):
    return optiplug.create("partition", groups=list(groups), **fields)


def stepped(optimizer, *shapes, gradient=1.0):
    variables = variables_of([np.zeros(shape) for shape in shapes], "float32")
    optimizer.apply_gradients([(tf.fill(each.shape, gradient), each) for each in variables])
    return [float(tf.reshape(each, [-1])[0]) for each in variables]


def test_the_first_group_that_selects_a_variable_has_it():
    assert stepped(partition(TABLE, MATRICES, REST), [2, 2], [2, 2], [2]) == [-1.0, -0.5, -0.25]
    assert stepped(partition(MATRICES, {**TABLE, "only": ["*"]}), [2, 2], [2]) == [-0.5, -1.0]


def test_gradients_are_clipped_before_they_are_handed_out():
    shapes = ([3], [4, 4])
    moved = stepped(partition(MATRICES, REST, global_clipnorm=1.0), *shapes, gradient=2.0)
    each = 2.0 / np.sqrt(19 * 4.0)
    np.testing.assert_allclose(moved, [-0.25 * each, -0.5 * each], rtol=1e-6)
    apart = {**MATRICES, "optimizer": {**MATRICES["optimizer"], "global_clipnorm": 1.0}}
    np.testing.assert_allclose(
        stepped(partition(apart, REST), *shapes, gradient=2.0), [-0.5, -0.5 * 0.25], rtol=1e-6
    )


def test_it_goes_through_json_and_files(tmp_path):
    optimizer = partition(TABLE, MATRICES, REST, processors=["skip_non_finite"], use_ema=True)
    text = json.dumps(optimizer.get_config())
    again = optiplug.from_config(json.loads(text))
    assert again.config == optimizer.config
    assert again.config.groups[0] == Group(name="table", only=("w0",), optimizer=TABLE["optimizer"])
    path = tmp_path / "optimizer.json"
    path.write_text(text)
    assert optiplug.from_config(path).config == optimizer.config


def test_a_mistake_in_a_group_is_told_with_its_place(tmp_path):
    path = tmp_path / "optimizer.yaml"
    path.write_text("use: partition\ngroups:\n- name: a\n  optimizer: {use: sgd, momentum: 3}\n  onyl: [x]\n")
    with pytest.raises(ConfigError) as caught:
        optiplug.from_config(path)
    momentum, only = str(caught.value).splitlines()
    assert "optimizer.yaml:4:35: groups[0].optimizer.momentum: must be <= 1" in momentum
    assert "optimizer.yaml:5:3: groups[0].onyl: is not a field of Group" in only
    assert "did you mean 'only'" in only


@pytest.mark.parametrize(
    ("groups", "fields", "message"),
    [
        ([], {}, "groups: there must be at least one group"),
        ([REST, REST], {}, "each group must have a name of its own.*'rest'"),
        ([{**REST, "name": "No Name"}], {}, r"groups\[0\].name: must match"),
        ([REST], {"weight_decay": 0.1}, "weight_decay: .*no variable of its own.*each group"),
        ([{**REST, "optimizer": "sdg"}], {}, "did you mean 'sgd'"),
    ],
)
def test_what_a_config_cannot_say(groups, fields, message):
    with pytest.raises(ConfigError, match=message):
        partition(*groups, **fields)


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ([TABLE, MATRICES], r"every variable must belong to a group.*\['w2'\].*takes the rest"),
        ([{**TABLE, "only": ["w9"]}, REST], "group 'table'.only: a pattern must match"),
    ],
)
def test_what_does_not_fit_the_variables(groups, message):
    with pytest.raises(ConfigError, match=message):
        partition(*groups).build(
            variables_of([np.zeros(shape) for shape in ([2, 2], [2, 2], [2])], "float32")
        )


@pytest.mark.sampled(2)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_two_optimizers_of_one_kind_keep_their_state_apart(dtype):
    initial, gradients = problem(20)
    nadam = {"use": "nadam", "learning_rate": 0.01}
    groups = [
        {"name": "one", "only": ["w0", "w2"], "optimizer": nadam},
        {"name": "other", "optimizer": nadam},
    ]
    together = follow(optiplug.from_config(nadam), initial, gradients, dtype)
    assert_same(follow(partition(*groups), initial, gradients, dtype), together, 1e-6)


def test_mirrored_variables_have_groups(tmp_path):
    from support.strategies import mirrored

    strategy = mirrored(2)
    with strategy.scope():
        optimizer = partition(MATRICES, REST, global_clipnorm=1.0)
        variables = [tf.Variable(tf.zeros(shape), name=f"w{i}") for i, shape in enumerate(([2, 2], [3]))]

    @tf.function(autograph=False)
    def step():
        strategy.run(lambda: optimizer.apply_gradients([(tf.ones_like(each), each) for each in variables]))

    step()
    expected = stepped(partition(MATRICES, REST, global_clipnorm=1.0), [2, 2], [3], gradient=2.0)
    np.testing.assert_allclose([float(tf.reshape(each, [-1])[0]) for each in variables], expected, rtol=1e-6)


def test_a_group_that_selects_and_gets_nothing_is_refused():
    variables = [tf.Variable([[1.0]], name="a"), tf.Variable([1.0], name="b")]
    first = {"name": "first", "only": ["a"], "optimizer": "sgd"}
    for second in ({"only": ["a"]}, {"min_ndim": 2}, {"skip": ["b"]}):
        groups = [
            first,
            {"name": "second", "optimizer": "sgd", **second},
            {"name": "rest", "optimizer": "sgd"},
        ]
        with pytest.raises(optiplug.ConfigError, match="group 'second': the groups before it have all"):
            optiplug.create("partition", groups=groups).build(variables)
    groups = [first, {"name": "second", "min_ndim": 3, "optimizer": "sgd"}]
    with pytest.raises(optiplug.ConfigError, match="group 'second': a selection must choose"):
        optiplug.create("partition", groups=groups).build(variables)


def test_a_group_that_takes_what_is_left_may_be_empty():
    groups = [{"name": "all", "only": ["*"], "optimizer": "sgd"}, {"name": "rest", "optimizer": "adam"}]
    optimizer = optiplug.create("partition", groups=groups)
    optimizer.build([tf.Variable([1.0], name="a")])
    assert list(optimizer.nested) == ["all", "rest"]


@pytest.mark.parametrize(("only", "message"), [(["?*norm*"], None), (["?*1"], "groups before it have all")])
def test_an_optional_group_may_be_empty(only, message):
    groups = [
        {"name": "first", "only": ["*1"], "optimizer": "sgd"},
        {"name": "second", "only": only, "optimizer": {"use": "sgd", "processors": ["ema"], "momentum": 0.9}},
        {"name": "rest", "optimizer": "sgd"},
    ]
    optimizer = optiplug.create("partition", groups=groups, jit_compile=False)
    variables = [tf.Variable([1.0], name=name) for name in ("w1", "w2")]
    if message:
        with pytest.raises(optiplug.ConfigError, match=message):
            optimizer.build(variables)
    else:
        optimizer.apply_gradients([(tf.ones_like(each), each) for each in variables])
        assert [float(each[0]) for each in variables] == pytest.approx([0.99, 0.99])

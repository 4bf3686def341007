"""What sharded state is refused for, and what is merely too small for it."""

import pytest
import tensorflow as tf

import optiplug
from optiplug import BuildError, ConfigError
from support.strategies import central_storage, mirrored, one_device

LARGE, SMALL = (129, 128), (128, 128)


def built(config, *, strategy=None, shape=LARGE, constraint=None):
    with (strategy or mirrored(2)).scope():
        variables = [tf.Variable(tf.ones(shape), name="kernel", constraint=constraint)]
        optimizer = optiplug.from_config({**config, "sharded_state": True})
        optimizer.build([*variables, tf.Variable(tf.ones([3]), name="bias")])
    return optimizer


IMPOSSIBLE = {
    "formula": ({"use": "muon"}, "the formula of"),
    "rows of state": ({"use": "adafactor"}, "the formula of"),
    "lazy": ({"use": "adam", "sparse": "lazy"}, "by rows"),
    "hook": ({"use": "adam", "processors": ["trust_ratio"]}, "the processor 'trust_ratio'"),
    "sum of a hook": ({"use": "adam", "processors": ["monitor"]}, "the processor 'monitor'"),
}


@pytest.mark.parametrize("case", IMPOSSIBLE)
def test_what_needs_the_whole_is_refused(case):
    """On one replica as well, so that a config that runs on one machine runs on many."""
    config, told = IMPOSSIBLE[case]
    for strategy in (mirrored(2), one_device()):
        with pytest.raises(ConfigError) as caught:
            built(config, strategy=strategy)
        (problem,) = caught.value.problems
        assert "'kernel' cannot be shared" in problem.rule
        assert told in problem.rule
        assert problem.path[-1] == "sharded_state"


def test_all_reasons_are_told_at_once():
    config = {"use": "muon", "processors": ["trust_ratio"]}
    with pytest.raises(ConfigError, match=r"the formula of 'muon'.*; the processor 'trust_ratio'"):
        built(config)


def test_constraints_are_refused():
    with pytest.raises(ConfigError, match="constraint"):
        built({"use": "adam"}, constraint=lambda value: value / tf.norm(value))


def test_storage_in_one_place_is_refused():
    with pytest.raises(ConfigError, match="CentralStorageStrategy"):
        built({"use": "adam"}, strategy=central_storage())


def test_a_class_with_a_constructor_is_refused():
    class Own(optiplug.Optimizer):
        def __init__(self):
            super().__init__("own", sharded_state=True)

        def update_step(self, gradient, variable):
            variable.assign_sub(gradient)

    with mirrored(2).scope():
        optimizer, variable = Own(), tf.Variable(tf.ones(LARGE))
    with pytest.raises(ConfigError, match="constructor"):
        optimizer.build([variable])


def test_a_refusal_leaves_no_trace():
    with mirrored(2).scope():
        kernel = tf.Variable(tf.ones(LARGE), name="kernel")
        optimizer = optiplug.create("muon", sharded_state=True)
        with pytest.raises(ConfigError):
            optimizer.build([kernel])
    assert not optimizer.variables


@pytest.mark.parametrize("config", [each for each, _ in IMPOSSIBLE.values()], ids=IMPOSSIBLE.keys())
def test_small_variables_stay_whole(config):
    report = built(config, shape=SMALL).state_report()
    assert report.device_total == report.total


def test_hooks_before_the_share_see_the_whole():
    clip = {"use": "clip_by_norm", "max_norm": 1.0}
    report = built({"use": "adam", "processors": [clip, "agc", "centralize_gradients"]}).state_report()
    assert report.device_total < 0.6 * report.total


def test_groups_ask_each_for_itself():
    groups = [
        {"name": "hidden", "only": ["kernel"], "optimizer": {"use": "muon"}},
        {"name": "rest", "optimizer": {"use": "adam", "sharded_state": True}},
    ]
    with mirrored(2).scope():
        variables = [tf.Variable(tf.ones(LARGE), name=name) for name in ("kernel", "table")]
        optimizer = optiplug.create("partition", groups=groups)
        optimizer.build(variables)
    held = {row.variable: row.device_bytes / row.bytes for row in optimizer.state_report().rows if row.slot}
    assert held == {"kernel": 1, "table": 0.5}


def test_a_hook_for_the_whole_comes_too_late():
    optimizer = built({"use": "adam"})
    with pytest.raises(ConfigError, match="trust_ratio"):
        optimizer.add_processor("trust_ratio")
    optimizer.add_processor({"use": "clip_by_norm", "max_norm": 1.0})
    assert [type(each).__name__ for each in optimizer.processors] == ["ClipByNorm"]


def test_it_cannot_be_set_on_what_is_built():
    optimizer = built({"use": "adam"})
    with pytest.raises(BuildError, match="is built"):
        optimizer.sharded_state = False


@pytest.mark.parametrize("build", [False, True])
def test_the_report_tells_bytes_of_a_device(build):
    with mirrored(4).scope():
        variables = [tf.Variable(tf.ones([512, 256]), name="kernel"), tf.Variable(tf.ones([3]), name="bias")]
        optimizer = optiplug.create("adamw", sharded_state=True)
        if build:
            optimizer.build(variables)
    report = optimizer.state_report(variables)
    assert report.device_total / report.total < 0.26
    assert [row.device_bytes for row in report.rows if row.variable == "kernel"] == [131_072] * 2
    assert "per device" in str(report)
    assert f'"device_total": {report.device_total}' in report.to_json()

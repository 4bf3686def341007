"""What an optimizer tells of its steps is what then happens."""

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from optiplug import hookimpl, register, registry
from optiplug_sgd.sgd import SGD

CHAIN = [
    {"use": "accumulate", "steps": 2},
    {"use": "skip_non_finite"},
    {"use": "clip_by_global_norm", "max_norm": 1.0},
    {"use": "weight_decay", "rate": 0.1, "skip": ["*bias"]},
    {"use": "ema", "only": ["*kernel"]},
]
OPTIMIZERS = {
    "sgd": {"use": "sgd"},
    "momentum": {"use": "sgd", "momentum": 0.9},
    "adam": {"use": "adam", "amsgrad": True, "use_ema": True},
    "everything": {"use": "adamw", "learning_rate": {"use": "constant", "value": 0.1}, "processors": CHAIN},
}


def model(dtype="float32"):
    kernel = tf.Variable(tf.ones([3, 4], dtype), name="dense/kernel")
    return [kernel, tf.Variable(tf.ones([4], dtype), name="dense/bias"), tf.Variable(1.0, name="scale")]


def explained(config=OPTIMIZERS["everything"]):
    return optiplug.from_config(config).explain(model())


def stages(told):
    return [(part.stage, part.name) for part in told.parts if part.applies]


def test_what_applies_is_told_in_the_order_in_which_it_runs():
    told = explained()
    assert stages(told["dense/kernel"]) == [
        ("gate", "accumulate"),
        ("gate", "skip_non_finite"),
        ("clip", "clip_by_global_norm"),
        ("decay", "weight_decay"),
        ("decay", "weight_decay_2"),
        ("update_step", "adamw"),
        ("post_step", "ema"),
        ("finalize", "ema"),
    ]


def test_it_says_who_is_left_alone():
    told = explained()
    assert [each.decayed for each in told.variables] == [True, True, True]  # by the keyword of adamw
    (skipping, keyword) = [part for part in told["dense/bias"].parts if part.stage == "decay"]
    assert (skipping.applies, keyword.applies) == (False, True)
    assert ("post_step", "ema") not in stages(told["scale"])
    plain = explained({"use": "sgd", "weight_decay": 0.1, "exclude_from_weight_decay": ["*bias", "scale"]})
    assert [each.decayed for each in plain.variables] == [True, False, False]


def test_exclusions_of_keras_are_seen():
    variables, optimizer = model(), SGD(0.1, weight_decay=0.1)
    optimizer.exclude_from_weight_decay(var_list=variables[2:], var_names=["bias"])
    expected = [True, False, False]
    assert [each.decayed for each in optimizer.explain(variables).variables] == expected
    optimizer.build(variables)
    assert [each.decayed for each in optimizer.explain().variables] == expected


def test_it_says_where_everything_comes_from():
    class Watch:
        @hookimpl
        def post_step(self, step): ...

    told = SGD(0.1, clipnorm=1.0, processors=[Watch()]).explain(model())
    origins = {part.name: part.origin for part in told["scale"].parts}
    assert origins["clip_by_norm"].startswith("optiplug-processors 0.")
    assert origins["sgd"].startswith("optiplug-sgd 0.")
    assert origins["watch"].endswith("Watch")
    assert told.optimizer.origin == origins["sgd"]


def test_the_rate_is_that_of_the_next_step():
    variables = model()
    optimizer = SGD({"use": "piecewise_constant", "boundaries": [1], "values": [1.0, 0.25]})
    assert optimizer.explain(variables).learning_rate == 1.0
    for _ in range(2):
        optimizer.apply_gradients([(each, each) for each in variables])
    assert optimizer.explain().learning_rate == 0.25
    optimizer = SGD(0.1)
    assert optimizer.explain(variables).learning_rate == 0.1
    assert optimizer.state.states == {}
    optimizer.learning_rate = 0.5
    assert optimizer.explain(variables).learning_rate == 0.5


def test_it_has_no_rate_if_the_optimizer_has_none():
    class Sign(optiplug.Optimizer):
        def update_step(self, gradient, variable):
            variable.assign_sub(tf.sign(gradient))

    assert Sign("sign").explain(model()).learning_rate is None


def test_constraints_are_a_part():
    class PositiveFloat:
        def __call__(self, value):
            return tf.maximum(value, 0.0)

    told = SGD(0.1).explain(
        [tf.Variable(1.0, name="w", constraint=PositiveFloat()), tf.Variable(1.0, name="v")]
    )
    assert stages(told["w"]) == [("update_step", "sgd"), ("constraint", "PositiveFloat")]
    assert stages(told["v"]) == [("update_step", "sgd")]


def test_the_text_shows_alike_variables_together():
    text = str(explained({"use": "sgd", "weight_decay": 0.1, "exclude_from_weight_decay": ["scale"]}))
    head, first, second = text.split("\n\n")
    assert head.startswith("sgd (optiplug-sgd ")
    assert head.endswith("learning rate 0.01")
    assert first.splitlines()[:2] == ["dense/kernel float32 (3, 4)", "dense/bias float32 (4,)"]
    assert [line.split()[-1] for line in first.splitlines()[3:]] == ["yes", "yes"]
    assert [line.split()[-1] for line in second.splitlines()[2:]] == ["no", "yes"]


def test_what_it_tells_is_what_happens():
    """The variables said to be decayed are those that shrink without a gradient."""
    variables = model()
    optimizer = SGD(1.0, weight_decay=0.5, exclude_from_weight_decay=["dense/bias"])
    told = optimizer.explain(variables)
    optimizer.apply_gradients([(tf.zeros_like(each), each) for each in variables])
    shrunk = [bool(np.any(each.numpy() != 1)) for each in variables]
    assert shrunk == [each.decayed for each in told.variables]


@pytest.fixture
def registered():
    @register
    class Quiet(optiplug.Processor):
        """Does nothing."""

        Config = type(
            "QuietConfig", (optiplug.ProcessorConfig,), {"__doc__": "Quiet.", "__module__": __name__}
        )

        @hookimpl
        def clip(self, gradients, step):
            return gradients

    yield
    registry.unregister("processors", "quiet", "this session")


def test_what_is_registered_in_the_session_says_so(registered):
    told = SGD(0.1, processors=["quiet"]).explain(model())
    (part,) = [part for part in told["scale"].parts if part.stage == "clip"]
    assert part.origin.startswith("this session")

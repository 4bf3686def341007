"""Learning rates that are set, that follow a function, and that differ from variable to variable."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

import optiplug
from optiplug import hookimpl
from support.single_steps import stepped
from support.strategies import mirrored
from support.trajectories import variables_of


class Double:
    @hookimpl
    def rate(self, rates):
        return [2 * rate for rate in rates]


class HalveSecond:
    @hookimpl
    def rate(self, rates, step):
        return [
            rate / 2 if each.path == "w1" else rate for rate, each in zip(rates, step.variables, strict=True)
        ]


@pytest.mark.parametrize("jit_compile", [True, False])
def test_each_variable_has_its_own(jit_compile):
    variables = variables_of([np.ones([2]), np.ones([2])], "float32")
    optimizer = optiplug.create(
        "sgd", learning_rate=0.25, processors=[Double(), HalveSecond()], jit_compile=jit_compile
    )
    optimizer.apply_gradients([(tf.ones([2]), each) for each in variables])
    assert [each.numpy().tolist() for each in variables] == [[0.5, 0.5], [0.75, 0.75]]
    optimizer.learning_rate = 0.5
    optimizer.apply_gradients([(tf.ones([2]), each) for each in variables])
    assert [each.numpy().tolist() for each in variables] == [[-0.5, -0.5], [0.25, 0.25]]
    assert optimizer.trace_count == 1


def test_decoupled_decay_follows():
    variable = stepped(
        optiplug.create("sgd", learning_rate=0.25, weight_decay=0.5, processors=[Double()]), 0.0, start=1.0
    )
    assert float(variable) == 1 - 0.5 * 0.5


def test_a_rate_must_stay_a_scalar_of_its_dtype():
    class Wide:
        @hookimpl
        def rate(self, rates):
            return [tf.stack([rate, rate]) for rate in rates]

    with pytest.raises(
        optiplug.HookError, match=r"hook 'rate' .*float32 tensor of shape \(\) must be returned"
    ):
        stepped(optiplug.create("sgd", processors=[Wide()]), 1.0)


def test_a_rate_cannot_count_steps():
    class Counting(optiplug.Processor):
        class Config(optiplug.ProcessorConfig):
            """Counts."""

        def build(self, variables):
            super().build(variables)
            self.count = self.add_state("count")

        @hookimpl
        def rate(self, rates):
            self.count.assign_add(1)
            return rates

    with pytest.raises(optiplug.HookError, match=r"nothing can be assigned in the stage `rate`.*count"):
        stepped(optiplug.create("sgd", processors=[Counting()]), 1.0)


def test_a_class_written_for_keras_follows():
    class Plain(optiplug.Optimizer):
        def __init__(self, learning_rate=0.25, **keywords):
            super().__init__(name="plain", **keywords)
            self._learning_rate = self._build_learning_rate(learning_rate)

        def update_step(self, gradient, variable):
            variable.assign_sub(gradient * tf.cast(self.learning_rate, variable.dtype))

    assert float(stepped(Plain(processors=[Double()]), 1.0, start=1.0)) == 0.5


def test_a_schedule_inside_is_read_first():
    schedule = {"use": "piecewise_constant", "boundaries": [1], "values": [0.25, 0.125]}
    variable = stepped(
        optiplug.create("sgd", learning_rate=schedule, processors=[Double()]), 1.0, 1.0, 1.0, start=1.0
    )
    assert float(variable) == 1 - 0.5 - 0.5 - 0.25


WRONG = {
    "negative": -1.0,
    "nan": float("nan"),
    "0 in float32": 1e-46,
    "no number": "0.1",
    "array": np.array(-1.0),
    "tensor": lambda: tf.constant(float("inf")),
    "unfinished schedule": {"use": "cosine"},
}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("steps", [0, 1])
def test_a_rate_that_is_set_later_is_checked(steps, wrong):
    optimizer = optiplug.create("sgd", learning_rate=0.5)
    weight = stepped(optimizer, *[1.0] * steps, start=1.0)
    with pytest.raises(optiplug.ConfigError, match=r"^sgd\.learning_rate"):
        optimizer.learning_rate = WRONG[wrong]() if wrong == "tensor" else WRONG[wrong]
    optimizer.apply_gradients([(tf.constant(1.0), weight)])
    assert float(weight) == 1.0 - 0.5 * (steps + 1)


def test_a_rate_may_be_set_to_a_number_of_any_form():
    optimizer = optiplug.create("sgd", learning_rate=0.5)
    for rate in (0.25, np.float32(0.25), np.array(0.25), tf.constant(0.25), tf.Variable(0.25), 0):
        optimizer.learning_rate = rate
        assert float(optimizer.learning_rate) == float(rate)


class Held:
    """A function without arguments, and what it returns."""

    def __init__(self, rate):
        self.rate = rate

    def __call__(self):
        return self.rate


@pytest.mark.parametrize("form", [float, np.float32, tf.constant])
def test_a_function_without_arguments_is_read_each_step(form):
    held = Held(form(0.5))
    optimizer = optiplug.create("sgd", learning_rate=held)
    weight = stepped(optimizer, 1.0, start=1.0)
    assert float(weight) == 0.5
    held.rate = form(0.25)
    assert float(optimizer.learning_rate) == optimizer.explain().learning_rate == 0.25
    optimizer.apply_gradients([(tf.constant(1.0), weight)])
    assert float(weight) == 0.25
    assert optimizer.trace_count == 1


def test_a_function_that_gives_no_rate_is_refused_at_its_step():
    held = Held(0.5)
    optimizer = optiplug.create("sgd", learning_rate=held)
    weight = stepped(optimizer, 1.0, start=1.0)
    held.rate = -0.5
    with pytest.raises(optiplug.ConfigError, match=r"^sgd\.learning_rate: must be >= 0. Received: -0.5"):
        optimizer.apply_gradients([(tf.constant(1.0), weight)])
    assert float(weight) == 0.5


@pytest.mark.parametrize("form", [float, tf.constant])
def test_a_function_that_a_trace_would_freeze_is_refused(form):
    optimizer = optiplug.create("sgd", learning_rate=Held(form(0.5)))
    with pytest.raises(
        optiplug.ConfigError, match=r"sgd\.learning_rate: .* is traced, .*return a tf.Variable"
    ):
        tf.function(lambda: stepped_once(optimizer, tf.Variable(1.0)), autograph=False)()


def stepped_once(optimizer, weight):
    optimizer.apply_gradients([(tf.constant(1.0), weight)])


def test_a_function_of_a_variable_is_followed_in_a_trace():
    rate, weight = tf.Variable(0.25), tf.Variable(1.0)
    optimizer = optiplug.create("sgd", learning_rate=lambda: 2 * rate)
    step = tf.function(lambda: stepped_once(optimizer, weight), autograph=False)
    step()
    rate.assign(0.125)
    step()
    assert float(weight) == 1.0 - 0.5 - 0.25


def test_a_function_is_read_for_nested_optimizers_too():
    held, weight = Held(0.5), tf.Variable([1.0])
    group = {"name": "vectors", "min_ndim": 1, "optimizer": {"use": "sgd", "learning_rate": held}}
    rest = {"name": "rest", "optimizer": {"use": "sgd"}}
    optimizer = optiplug.create("partition", groups=[group, rest])
    for held.rate in (0.5, 0.25):
        optimizer.apply_gradients([(tf.ones([1]), weight), (tf.constant(1.0), tf.Variable(1.0))])
    assert weight.numpy().tolist() == [0.25]


def test_a_function_is_read_once_for_all_replicas():
    strategy, held = mirrored(2), Held(0.5)
    with strategy.scope():
        weight = tf.Variable(1.0)
        optimizer = optiplug.create("sgd", learning_rate=held)
    for held.rate in (0.25, 0.125):
        strategy.run(lambda: stepped_once(optimizer, weight))
    assert float(weight.numpy()) == 1.0 - 2 * 0.25 - 2 * 0.125


KINDS = {
    "number": lambda: 0.25,
    "config": lambda: {"use": "constant", "value": 0.25},
    "schedule": lambda: optiplug.create("constant", value=0.25),
    "schedule of Keras": lambda: keras.optimizers.schedules.PiecewiseConstantDecay([0], [9.0, 0.25]),
    "function of the step": lambda: lambda step: 0.25 * tf.cast(step, tf.float32),
    "function": lambda: Held(0.25),
    "function of a variable": lambda: Held(tf.Variable(0.25)),
}
NAMED = ("number", "config", "schedule", "schedule of Keras")


def given(kind):
    return tf.Variable(0.25) if kind == "variable" else KINDS[kind]()


@pytest.mark.sampled(5)
@pytest.mark.parametrize("before", [*KINDS, "variable"])
@pytest.mark.parametrize("after", KINDS)
def test_a_rate_of_any_kind_takes_the_place_of_any_other(before, after):
    optimizer = optiplug.create("sgd", learning_rate=given(before), jit_compile=False)
    weight = stepped(optimizer, 0.0, start=1.0)
    optimizer.learning_rate = given(after)
    assert float(optimizer.learning_rate) == optimizer.explain().learning_rate == 0.25
    optimizer.apply_gradients([(tf.constant(1.0), weight)])
    assert float(weight) == 0.75
    assert int(optimizer.iterations) == 2
    state = (
        ["iterations", "learning_rate"]
        if after in ("number", "function", "function of a variable")
        else ["iterations"]
    )
    assert list(optimizer.state.states) == state


@pytest.mark.parametrize("before", NAMED)
@pytest.mark.parametrize("after", NAMED)
def test_what_took_its_place_is_saved(before, after, tmp_path):
    optimizer = optiplug.create("sgd", learning_rate=given(before), momentum=0.5, jit_compile=False)
    weight = stepped(optimizer, 1.0, start=1.0)
    optimizer.learning_rate = given(after)
    saved = tf.train.Checkpoint(optimizer=optimizer, weight=weight).write(str(tmp_path / "saved"))
    again, other = optiplug.from_config(optimizer.get_config()), tf.Variable(0.0, name=weight.name[:-2])
    again.build([other])
    tf.train.Checkpoint(optimizer=again, weight=other).read(saved).assert_consumed()
    for each, variable in ((optimizer, weight), (again, other)):
        each.apply_gradients([(tf.constant(1.0), variable)])
    assert float(weight) == float(other)
    arrays = {}
    optimizer.save_own_variables(arrays)
    again.load_own_variables(arrays)


def test_a_rate_that_was_dropped_does_not_come_back():
    optimizer = optiplug.create("sgd", learning_rate=0.5, jit_compile=False)
    weight = stepped(optimizer, 1.0, start=1.0)
    for optimizer.learning_rate, expected in (
        ({"use": "constant", "value": 1.0}, -0.5),
        (0.25, -0.75),
        (0.5, -1.25),
    ):
        optimizer.apply_gradients([(tf.constant(1.0), weight)])
        assert float(weight) == expected


def test_the_rate_of_a_nested_optimizer_becomes_a_schedule():
    group = {"name": "all", "optimizer": {"use": "sgd", "learning_rate": 0.5}}
    optimizer, weight = optiplug.create("partition", groups=[group]), tf.Variable(1.0)
    stepped_once(optimizer, weight)
    optimizer.nested["all"].learning_rate = {"use": "constant", "value": 0.25}
    stepped_once(optimizer, weight)
    assert float(weight) == 0.25


def test_a_schedule_does_not_become_a_tensor_in_a_trace():
    optimizer = optiplug.create("sgd", learning_rate={"use": "constant", "value": 0.25})

    def assign(rate):
        optimizer.learning_rate = rate

    with pytest.raises(optiplug.ConfigError, match="cannot become a tensor inside a function"):
        tf.function(assign, autograph=False)(tf.constant(0.5))
    assert float(optimizer.learning_rate) == 0.25


def test_a_number_stays_one_in_a_step_that_a_caller_traced():
    optimizer, weight = optiplug.create("sgd", learning_rate=0.5), tf.Variable(1.0)
    step = tf.function(lambda: stepped_once(optimizer, weight), autograph=False)
    step()
    optimizer.learning_rate = 0.25
    step()
    assert float(weight) == 0.25
    with pytest.raises(optiplug.ConfigError, match=r"^sgd\.learning_rate: .*drop the function"):
        optimizer.learning_rate = {"use": "constant", "value": 1.0}
    step()
    assert float(weight) == 0.0


@pytest.mark.parametrize(("rate", "error"), [(None, 0.0), (0.2, 1e-8)])
def test_a_variable_in_double_precision_that_comes_late(rate, error):
    """The rate is in float32 by then; what the config says is exact, what is set is rounded to that."""
    optimizer = optiplug.create("sgd", learning_rate=0.1, jit_compile=False)
    early, late = tf.Variable(1.0), tf.Variable(1.0, dtype=tf.float64)
    optimizer.apply_gradients([(tf.constant(1.0), early)])
    if rate is not None:
        optimizer.learning_rate = rate
    optimizer.apply_gradients([(tf.constant(1.0), early), (tf.constant(1.0, tf.float64), late)])
    assert late.numpy() == pytest.approx(1.0 - (rate or 0.1), rel=0, abs=error)
    assert early.numpy() == pytest.approx(0.9 - (rate or 0.1), abs=1e-6)

"""A gradient is scaled back only if its loss was scaled, once, by the same optimizer."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import tensorflow as tf

import optiplug
from optiplug import hookimpl
from support.strategies import mirrored

UNSCALED = r"sgd\.apply_gradients: 'loss_scale' divides gradients by its scale, and no loss was.*scale_loss"
TWICE = "a loss is scaled once, and this one is scaled twice"


class Problem:
    """A variable that moves by 0.5 in each step that is right."""

    def __init__(self, **fields):
        self.variable = tf.Variable(4.0)
        self.optimizer = optiplug.create(
            "sgd", learning_rate=0.5, processors=["loss_scale"], jit_compile=False, **fields
        )
        self.optimizer.build([self.variable])

    def gradient(self, scale=True):
        with tf.GradientTape() as tape:
            loss = self.variable * 1.0
            loss = self.optimizer.scale_loss(loss) if scale else loss
        return tape.gradient(loss, self.variable)

    def apply(self, gradient):
        self.optimizer.apply_gradients([(gradient, self.variable)])

    def step(self, scale=True):
        self.apply(self.gradient(scale))

    @property
    def moved(self):
        return (4.0 - float(self.variable.numpy())) / 0.5


def refused(call):
    with pytest.raises(optiplug.BuildError, match=UNSCALED):
        call()


def jitted(function):
    return tf.function(function, jit_compile=True)


@pytest.mark.parametrize("wrap", [lambda each: each, tf.function, jitted], ids=["eager", "graph", "xla"])
def test_a_step_needs_a_scaled_loss(wrap):
    problem = Problem()
    right, wrong = wrap(problem.step), wrap(lambda: problem.step(scale=False))
    right()
    refused(wrong)
    right()
    refused(wrong)
    assert problem.moved == 2.0
    assert int(problem.optimizer.iterations) == 2


def test_a_first_step_without_one_creates_nothing_and_is_refused():
    optimizer, variable = optiplug.create("sgd", processors=["loss_scale"]), tf.Variable(1.0)
    refused(lambda: optimizer.apply_gradients([(tf.constant(1.0), variable)]))
    assert float(variable) == 1.0
    assert not optimizer.state.states


@pytest.mark.parametrize("in_function", [False, True])
def test_each_scaled_loss_is_for_one_step(in_function):
    problem = Problem()

    def two():
        gradient = problem.gradient()
        problem.apply(gradient)
        problem.apply(gradient)

    refused(tf.function(two) if in_function else two)


@pytest.mark.parametrize(("differentiates", "applies"), [(True, False), (False, True), (True, True)])
def test_gradients_and_steps_in_functions_of_their_own(differentiates, applies):
    problem = Problem()
    gradient = tf.function(problem.gradient) if differentiates else problem.gradient
    apply = tf.function(problem.apply) if applies else problem.apply
    for _ in range(3):
        apply(gradient())
    assert problem.moved == 3.0


@pytest.mark.parametrize("inner", ["gradient", "apply", "both"])
def test_functions_inside_of_a_function_that_is_traced_again(inner):
    problem = Problem()
    gradient = problem.gradient if inner == "apply" else tf.function(problem.gradient)
    apply = problem.apply if inner == "gradient" else tf.function(problem.apply)

    @tf.function
    def step(x):
        apply(gradient() + 0 * tf.reduce_sum(x))

    for size in (1, 2, 2, 3):
        step(tf.zeros(size))
    assert problem.moved == 4.0


def test_in_a_loop_and_in_a_branch():
    problem = Problem()

    @tf.function
    def steps():
        for index in tf.range(4):
            if index % 2 == 0:
                problem.step()

    steps()
    assert problem.moved == 2.0


def test_gradients_of_several_losses_are_added_up_by_hand():
    problem = Problem()
    problem.apply((problem.gradient() + problem.gradient()) / 2)
    assert problem.moved == 1.0
    refused(lambda: problem.step(scale=False))


@pytest.mark.parametrize("wrap", [lambda each: each, tf.function], ids=["eager", "graph"])
@pytest.mark.parametrize("parts", [1, 2], ids=["one run", "two runs"])
def test_each_replica_scales_its_own_loss(wrap, parts):
    strategy = mirrored(2)
    with strategy.scope():
        problem = Problem()

    def gradient():
        value = problem.gradient()
        tf.distribute.get_replica_context().all_reduce("sum", tf.constant(0.0))  # all have scaled by then
        return value

    def steps():
        if parts == 2:
            strategy.run(problem.apply, args=(strategy.run(gradient),))
        else:
            strategy.run(lambda: problem.apply(gradient()))

    call = wrap(steps)
    for _ in range(2):
        call()
    assert problem.moved == 4.0  # of two replicas
    refused(lambda: strategy.run(problem.step, args=(False,)))


def test_threads_take_turns():
    problem = Problem()

    def train(_):
        for _ in range(20):
            problem.optimizer.minimize(lambda: problem.variable * 1.0, [problem.variable])

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(train, range(3)))
    assert problem.moved == 60.0


def minimize(problem, loss):
    problem.optimizer.minimize(loss, [problem.variable])


def minimize_taped(problem, scale):
    with tf.GradientTape() as tape:
        loss = scale(problem.variable * 1.0)
    problem.optimizer.minimize(loss, [problem.variable], tape)


@pytest.mark.parametrize("wrap", [lambda each: each, tf.function], ids=["eager", "graph"])
def test_a_loss_is_not_scaled_twice(wrap):
    problem = Problem()
    scale = problem.optimizer.scale_loss
    for twice in (
        lambda: minimize(problem, lambda: scale(problem.variable * 1.0)),
        lambda: minimize_taped(problem, scale),
        lambda: scale(scale(tf.constant(1.0))),
    ):
        with pytest.raises(optiplug.BuildError, match=TWICE):
            wrap(twice)()
    wrap(lambda: minimize(problem, lambda: problem.variable * 1.0))()
    wrap(lambda: minimize_taped(problem, lambda loss: loss))()
    assert problem.moved == 2.0


class Own:
    """Scales the loss, in a stage that belongs to one optimizer of several."""

    def scale_loss(self, loss):
        return 4.0 * loss

    @hookimpl
    def clip(self, gradients):
        return [gradient / 4.0 for gradient in gradients]


def test_only_one_scales():
    with pytest.raises(optiplug.ConfigError, match=r"only one processor.*\['loss_scale', 'own'\]"):
        optiplug.create("sgd", processors=["loss_scale", Own()])
    optimizer = optiplug.create("sgd", processors=["loss_scale"])
    with pytest.raises(optiplug.ConfigError, match="only one processor can scale the loss"):
        optimizer.add_processor(Own())
    assert len(optimizer.processors) == 1


@pytest.mark.parametrize("scaler", ["loss_scale", Own()], ids=["gate", "clip"])
def test_inside_of_another_optimizer_none_does(scaler):
    group = {"name": "all", "optimizer": {"use": "sgd", "processors": [scaler]}}
    optimizer = optiplug.create("partition", groups=[group])
    with pytest.raises(optiplug.ConfigError, match="belongs to the step, and so to the outermost"):
        optimizer.build([tf.Variable(1.0)])


def test_without_a_scaler_nothing_is_asked():
    optimizer, variable = optiplug.create("sgd", learning_rate=1.0, jit_compile=False), tf.Variable(1.0)
    loss = tf.constant(2.0)
    assert optimizer.scale_loss(optimizer.scale_loss(loss)) is loss
    optimizer.apply_gradients([(tf.constant(1.0), variable)])
    assert float(variable) == 0.0

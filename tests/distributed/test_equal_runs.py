"""One run, however it is executed: the same variables."""

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from support.strategies import devices, mirrored, on_each_replica, on_every_device

STEPS = 20
SHAPES = {"a": (2,), "b": (3, 2), "c": (), "d": (16, 16)}
EVERYTHING = {
    "learning_rate": {"use": "cosine", "initial_learning_rate": 0.1, "decay_steps": 12},
    "momentum": 0.9,
    "nesterov": True,
    "global_clipnorm": 1.0,
    "weight_decay": 0.01,
    "use_ema": True,
    "ema_momentum": 0.9,
    "ema_overwrite_frequency": 4,
    "processors": [{"use": "skip_non_finite"}, {"use": "accumulate", "steps": 2}],
}


def create(strategy):
    generator = np.random.default_rng(0)
    with strategy.scope():
        variables = [
            tf.Variable(generator.normal(size=shape).astype("float32"), name=name)
            for name, shape in SHAPES.items()
        ]
        return variables, optiplug.create("sgd", **EVERYTHING)


def loss(variables, x):
    a, b, c, d = variables
    residual = tf.linalg.matvec(x, a) * c + tf.reduce_sum(b) - 3.0 + tf.reduce_sum(d) * 0.01
    return tf.reduce_sum(residual**2) / 8


def batches():
    data = np.arange(16, dtype="float32").reshape(8, 2) / 7 - 1
    return [data * (1 + step % 3) for step in range(STEPS)]


def train(strategy, mode):
    """Return, for each device, the variables after training on whole batches, split among the replicas."""
    variables, optimizer = create(strategy)

    def replica_step(x):
        with tf.GradientTape() as tape:
            value = loss(variables, x)
        optimizer.apply_gradients(zip(tape.gradient(value, variables), variables, strict=True))

    if mode == "xla":
        step = tf.function(replica_step, jit_compile=True)
        for batch in batches():
            step(tf.constant(batch))
    else:
        step = on_each_replica(strategy, replica_step, graph=mode == "graph")
        for batch in batches():
            step(np.split(batch, strategy.num_replicas_in_sync))
    assert int(optimizer.iterations.numpy()) == STEPS / 2
    after = on_every_device(strategy, variables)
    optimizer.finalize_variable_values(variables)
    return [
        trained + final for trained, final in zip(after, on_every_device(strategy, variables), strict=True)
    ]


@pytest.fixture(scope="module")
def reference():
    (values,) = train(tf.distribute.get_strategy(), "eager")
    assert all(np.all(np.isfinite(value)) for value in values)
    return values


@pytest.mark.parametrize(
    ("strategy", "mode"),
    [
        ("default", "graph"),
        ("default", "xla"),
        ("one device", "eager"),
        ("one device", "graph"),
        ("mirrored 2", "eager"),
        ("mirrored 2", "graph"),
        ("mirrored 4", "graph"),
        ("central storage", "graph"),
    ],
)
def test_same_variables(strategy, mode, reference):
    make = {
        "default": tf.distribute.get_strategy,
        "one device": lambda: tf.distribute.OneDeviceStrategy("cpu:1"),
        "mirrored 2": lambda: mirrored(2),
        "mirrored 4": lambda: mirrored(4),
        "central storage": lambda: tf.distribute.experimental.CentralStorageStrategy(["cpu:0", "cpu:1"]),
    }
    results = train(make[strategy](), mode)
    for values in results:
        for value, expected, first in zip(values, reference, results[0], strict=True):
            np.testing.assert_allclose(value, expected, rtol=1e-6, atol=1e-6)
            np.testing.assert_array_equal(value, first)  # bitwise the same on every device


@pytest.mark.parametrize("mode", ["eager", "graph", "xla", "mirrored eager", "mirrored graph"])
def test_bitwise_the_same_from_the_same_gradients(mode):
    """Where gradients have the same bits, XLA compiles the same step from every path."""

    def run(strategy, mode):
        variables, optimizer = create(strategy)
        generator = np.random.default_rng(1)
        # Multiples of 1/64, so that a sum over replicas is exact and the shares are too.
        gradients = [
            [np.round(generator.normal(size=shape) * 64).astype("float32") / 64 for shape in SHAPES.values()]
            for _ in range(STEPS)
        ]
        replicas = strategy.num_replicas_in_sync

        def replica_step(values):
            optimizer.apply_gradients(zip(values, variables, strict=True))

        if mode == "xla":
            step = tf.function(lambda parts: replica_step(parts[0]), jit_compile=True)
        else:
            step = on_each_replica(strategy, replica_step, graph=mode == "graph")
        for each in gradients:
            step([[gradient / replicas for gradient in each]] * replicas)
        return [value for index in range(replicas) for value in devices(strategy, variables, index)]

    (reference,) = [run(tf.distribute.get_strategy(), "eager")]
    where = mirrored(2) if mode.startswith("mirrored") else tf.distribute.get_strategy()
    for index, value in enumerate(run(where, mode.split()[-1])):
        np.testing.assert_array_equal(value, reference[index % len(reference)])


def test_a_nan_on_one_replica_makes_all_skip_alike():
    strategy = mirrored(2)
    variables, optimizer = create(strategy)
    before = [devices(strategy, variables, index) for index in range(2)]
    step = on_each_replica(
        strategy, lambda scale: optimizer.apply_gradients([(v * scale, v) for v in variables]), graph=True
    )
    for _ in range(2):
        step([1.0, float("nan")])
    assert int(optimizer.iterations.numpy()) == 0
    for index in range(2):
        for value, old in zip(devices(strategy, variables, index), before[index], strict=True):
            np.testing.assert_array_equal(value, old)
    skipped = optimizer.state.states["skip_non_finite/skipped"].variable
    assert [int(each.numpy()) for each in strategy.experimental_local_results(skipped)] == [2, 2]


def test_hooks_before_aggregation_see_the_gradients_of_their_replica():
    strategy = mirrored(2)

    class Clip:
        @optiplug.hookimpl
        def pre_aggregate(self, gradients):
            return [tf.clip_by_value(gradient, -1.0, 1.0) for gradient in gradients]

    for graph in (False, True):
        with strategy.scope():
            variable, optimizer = (
                tf.Variable(0.0),
                optiplug.create("sgd", learning_rate=1.0, processors=[Clip()]),
            )
        step = on_each_replica(
            strategy, lambda g, o=optimizer, v=variable: o.apply_gradients([(g, v)]), graph=graph
        )
        step([5.0, 0.5])
        assert [float(each) for each in devices(strategy, [variable], 1)] == [-1.5]


@pytest.mark.parametrize("call", ["scope", "outside"])
def test_a_cross_replica_call_is_refused(call):
    strategy = mirrored(2)
    with strategy.scope():
        variable, optimizer = tf.Variable(1.0), optiplug.create("sgd")
        if call == "scope":
            with pytest.raises(RuntimeError, match=r"replica context.*strategy.run"):
                optimizer.apply_gradients([(tf.constant(1.0), variable)])
    if call == "outside":
        with pytest.raises(RuntimeError, match=r"replica context.*strategy.run"):
            optimizer.apply_gradients([(tf.constant(1.0), variable)])
    assert float(variable.numpy()) == 1.0


def test_an_optimizer_whose_state_was_created_outside_the_scope_is_refused():
    strategy = mirrored(2)
    optimizer = optiplug.create("sgd")
    assert int(optimizer.iterations) == 0  # creates the variable, here
    with strategy.scope():
        variable = tf.Variable(1.0)
    step = on_each_replica(strategy, lambda g: optimizer.apply_gradients([(g, variable)]), graph=True)
    with pytest.raises(RuntimeError, match=r"'iterations:0'.*inside `with strategy.scope"):
        step([1.0, 1.0])


def test_variables_built_outside_of_a_replica():
    strategy = mirrored(2)
    variables, optimizer = create(strategy)
    optimizer.build(variables)
    assert all(hasattr(each, "distribute_strategy") for each in optimizer.variables)
    step = on_each_replica(
        strategy, lambda scale: optimizer.apply_gradients([(v * scale, v) for v in variables]), graph=True
    )
    step([0.5, 0.5])
    assert optimizer.trace_count == 2

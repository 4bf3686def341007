"""Where the gradients of sharpness-aware minimization come from."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from optiplug_contrib.sam import SAM
from references import sam as reference
from references.sgd import SGD
from support.device_places import REPLICATED
from support.strategies import central_storage, mirrored, on_every_device, one_device
from support.trajectories import assert_same, variables_of

BASE = {"learning_rate": 0.05, "momentum": 0.9}
SHAPES = ((), (5,), (4, 3), (0,))
STEPS = 50


def start():
    random = np.random.default_rng(5)
    return [random.normal(size=shape) for shape in SHAPES]


def curvatures():
    random = np.random.default_rng(6)
    return [random.uniform(0.1, 2.0, size=shape) for shape in SHAPES]


def quadratic(variables):
    """Return a loss whose gradient at w is ``curvature * (w - 1)``."""
    pairs = zip(curvatures(), variables, strict=True)
    return tf.add_n([tf.reduce_sum(tf.constant(c, w.dtype) * (w - 1) ** 2) / 2 for c, w in pairs])


def slope(variables):
    return [c * (w - 1) for c, w in zip(curvatures(), variables, strict=True)]


def sam(**fields):
    return SAM(optimizer={"use": "sgd", **BASE}, **fields)


@pytest.mark.slow
@pytest.mark.parametrize("through", [lambda step: step, tf.function], ids=["eager", "tf.function"])
@pytest.mark.parametrize("fields", [{"rho": 0.3}, {"rho": 0.7, "adaptive": True}], ids=str)
def test_equals_two_passes_in_numpy(fields, through):
    variables, optimizer = variables_of(start(), "float64"), sam(**fields)
    step = through(lambda: optimizer.minimize(lambda: quadratic(variables), variables))
    trajectory = []
    for _ in range(STEPS):
        step()
        trajectory.append([variable.numpy() for variable in variables])
    expected = reference.train(slope, SGD(**BASE), start(), STEPS, **fields)
    plain = reference.train(slope, SGD(**BASE), start(), STEPS, rho=0.0)
    assert abs(expected[-1][0] - plain[-1][0]) > 1e-3
    assert_same(trajectory, expected, 1e-12)


@pytest.mark.parametrize("dtype", ["bfloat16", "float32", "float64"])
def test_the_variables_come_back_bit_for_bit(dtype):
    variables = variables_of(start(), dtype)
    before = [variable.numpy() for variable in variables]
    seen = []

    def loss():
        seen.append(variables[1].numpy())
        return quadratic(variables)

    pairs = sam(rho=0.9).compute_gradients(loss, variables)
    first, second = seen
    assert (first != second).any()
    assert all(gradient is not None for gradient, _ in pairs)
    for value, variable in zip(before, variables, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)


def test_they_come_back_if_the_loss_fails():
    variable = tf.Variable([0.1, 0.2])
    calls = []

    def loss():
        calls.append(variable.numpy())
        if len(calls) == 2:
            raise ZeroDivisionError
        return tf.reduce_sum(variable**2)

    with pytest.raises(ZeroDivisionError):
        sam().minimize(loss, [variable])
    assert (calls[1] != calls[0]).all()
    np.testing.assert_array_equal(variable.numpy(), calls[0])


def test_a_perturbation_has_the_norm_rho():
    one, other, unused = (
        tf.Variable(value, name=name) for name, value in (("a", 1.0), ("b", 2.0), ("c", 3.0))
    )
    seen = []

    def loss():
        seen.append([each.numpy() for each in (one, other, unused)])
        return 6.0 * one - 8.0 * other

    pairs = sam(rho=0.5).compute_gradients(loss, lambda: [one, other, unused])
    np.testing.assert_allclose(seen[1], [1.3, 1.6, 3.0], rtol=1e-6)
    assert [gradient if gradient is None else float(gradient) for gradient, _ in pairs] == [6.0, -8.0, None]


@pytest.mark.parametrize("fields", [{}, {"adaptive": True}], ids=str)
def test_nothing_is_perturbed_along_a_gradient_of_zero(fields):
    variable = tf.Variable([1.0, 2.0])
    sam(**fields).minimize(lambda: tf.reduce_sum(variable) * 0.0, [variable])
    assert variable.numpy().tolist() == [1.0, 2.0]


def test_rows_with_duplicates_count_with_their_sum():
    table = tf.Variable(tf.zeros([4, 2]), name="table")
    seen = []

    def loss():
        seen.append(table.numpy())
        return tf.reduce_sum(tf.gather(table, [2, 0, 2]) * [[3.0, 0.0], [0.0, 8.0], [3.0, 0.0]])

    ((gradient, _),) = sam(rho=1.0).compute_gradients(loss, [table])
    assert isinstance(gradient, tf.IndexedSlices)
    np.testing.assert_allclose(seen[1], [[0.0, 0.8], [0, 0], [0.6, 0.0], [0, 0]], rtol=1e-6)


def test_a_tensor_as_loss_is_refused():
    variable = tf.Variable(1.0)
    with tf.GradientTape() as tape:
        loss = variable**2
    with pytest.raises(optiplug.ConfigError, match=r"must be a callable.*lambda"):
        sam().minimize(loss, [variable], tape=tape)


def test_its_state_and_rate_are_those_of_the_optimizer_inside():
    variable, optimizer = tf.Variable([1.0, 2.0], name="w"), sam()
    optimizer.apply_gradients([(tf.constant([1.0, 1.0]), variable)])
    np.testing.assert_allclose(variable.numpy(), [0.95, 1.95])
    assert float(optimizer.nested["optimizer"].learning_rate) == pytest.approx(0.05)
    owned = set(optimizer.state.states) - {"iterations"}
    assert owned == {"optimizer/momentum/w", "optimizer/learning_rate"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("place", "graph"),
    [(lambda: mirrored(2), False), (lambda: mirrored(2), True), (central_storage, True), (one_device, False)],
    ids=["mirrored eager", "mirrored graph", "central storage graph", "one device eager"],
)
def test_replicas_perturb_along_the_sum_of_their_gradients(place, graph):
    strategy = place()
    alone = variables_of(start(), "float64")
    expected = sam(rho=0.5)
    with strategy.scope():
        shared, optimizer = variables_of(start(), "float64"), sam(rho=0.5)
    parts = 2.0 if strategy.num_replicas_in_sync == 2 else 1.0

    def replica_step():
        # Replicas have different losses, whose sum is the whole.
        index = tf.cast(tf.distribute.get_replica_context().replica_id_in_sync_group, tf.float64)
        share = (1 / 4 + index / 2) if parts == 2 else 1.0
        optimizer.minimize(
            lambda: share * quadratic(shared) + (index - 0.5) * (parts - 1) * shared[0], shared
        )

    run = (
        (lambda: strategy.run(replica_step)) if not graph else tf.function(lambda: strategy.run(replica_step))
    )
    for _ in range(5):
        run()
        expected.minimize(lambda: quadratic(alone), alone)
    for values in on_every_device(strategy, shared):
        for value, variable in zip(values, alone, strict=True):
            np.testing.assert_allclose(value, variable.numpy(), rtol=1e-12)


def test_on_a_mesh_it_is_refused():
    variable = REPLICATED.variable(np.float32(1.0), "w")
    with pytest.raises(optiplug.ConfigError, match="sam: cannot run on a DTensor mesh: DTensor may let"):
        sam().minimize(lambda: variable**2, [variable])
    assert variable.numpy() == 1.0


def test_outside_of_a_replica_it_is_refused():
    with one_device().scope():
        variable, optimizer = tf.Variable(1.0), sam()
        with pytest.raises(optiplug.ReplicaContextError, match=r"strategy\.run"):
            optimizer.minimize(lambda: variable**2, [variable])

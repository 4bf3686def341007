"""Lazy updates: only the rows that a gradient touches, at the cost of these rows."""

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from optiplug import ConfigError
from optiplug._optimizer.parts import parts_of
from optiplug_adam.adam import Adam
from optiplug_sgd.sgd import SGD
from support.strategies import devices, mirrored, on_each_replica

SHAPE = [6, 2]
ELEMENTWISE = {
    name
    for name in (entry.name for entry in optiplug.registry.entries("optimizers"))
    if optiplug.registry.get("optimizers", name).elementwise
}


def slices(rows, seed=0):
    generator = np.random.default_rng(seed)
    values = generator.normal(size=[len(rows), SHAPE[1]]).astype("float32")
    return tf.IndexedSlices(tf.constant(values), tf.constant(rows, tf.int64), tf.constant(SHAPE))


def run(optimizer, gradients, variable=None):
    variable = (
        variable if variable is not None else tf.Variable(tf.reshape(tf.range(12.0), SHAPE), name="table")
    )
    for gradient in gradients:
        optimizer.apply_gradients([(gradient, variable)])
    return variable, [state.numpy() for state in optimizer.state.states.values() if state.shape == SHAPE]


@pytest.mark.sampled(11)
@pytest.mark.parametrize("name", sorted(ELEMENTWISE))
def test_touched_rows_are_updated_and_others_keep_still(name):
    keywords = {"weight_decay": 0.1, "use_ema": True, "clipnorm": 1.0, "jit_compile": False}
    gradients = [slices([4, 1, 4], seed) for seed in range(5)]  # the same rows at each step
    lazy, lazy_state = run(optiplug.create(name, sparse="lazy", **keywords), gradients)
    dense, dense_state = run(optiplug.create(name, **keywords), map(tf.convert_to_tensor, gradients))
    for mine, theirs in zip([lazy, *lazy_state], [dense, *dense_state], strict=True):
        np.testing.assert_allclose(
            mine.numpy()[[1, 4]] if mine is lazy else mine[[1, 4]], np.asarray(theirs)[[1, 4]], rtol=1e-6
        )
    np.testing.assert_array_equal(lazy.numpy()[[0, 2, 3, 5]], np.arange(12.0).reshape(SHAPE)[[0, 2, 3, 5]])


def test_momentum_of_a_row_rests_while_the_row_is_not_seen():
    optimizer = SGD(1.0, momentum=0.5, sparse="lazy")
    ones = tf.IndexedSlices(tf.ones([1, 2]), tf.constant([3]), tf.constant(SHAPE))
    others = tf.IndexedSlices(tf.ones([1, 2]), tf.constant([0]), tf.constant(SHAPE))
    variable, (momentum,) = run(optimizer, [ones, others, others, ones])
    np.testing.assert_array_equal(momentum[3], [-1.5, -1.5])
    np.testing.assert_array_equal(variable[3], [6.0 - 1.0 - 1.5, 7.0 - 1.0 - 1.5])


@pytest.mark.sampled(3)
@pytest.mark.parametrize("mode", ["eager", "graph", "mirrored"])
def test_every_path_gives_the_same(mode):
    gradients = [slices([5, 0, 5, 2], seed) for seed in range(4)]
    expected, _ = run(Adam(0.1, sparse="lazy", global_clipnorm=1.0), gradients)
    strategy = mirrored(2) if mode == "mirrored" else tf.distribute.get_strategy()
    with strategy.scope():
        variable = tf.Variable(tf.reshape(tf.range(12.0), SHAPE), name="table")
        optimizer = Adam(0.1, sparse="lazy", global_clipnorm=1.0)

    def step(parts):
        values, indices = parts
        gradient = tf.IndexedSlices(values, indices, tf.constant(SHAPE))
        optimizer.apply_gradients([(gradient, variable)])

    call = on_each_replica(strategy, step, graph=mode != "eager")
    for each in gradients:
        replicas = strategy.num_replicas_in_sync
        pieces = zip(
            np.split(each.values.numpy(), replicas), np.split(each.indices.numpy(), replicas), strict=True
        )
        call([list(piece) for piece in pieces])
    for (value,) in ([each] for each in devices(strategy, [variable], 0)):
        np.testing.assert_allclose(value, expected, rtol=1e-6)


@pytest.mark.parametrize("rows", [[], [3], [5, 4, 3, 2, 1, 0], [0] * 9])
def test_any_number_of_rows_in_any_order(rows):
    variable, _ = run(SGD(1.0, sparse="lazy"), [slices(rows)])
    expected = np.arange(12.0).reshape(SHAPE)
    for row, value in zip(rows, slices(rows).values.numpy(), strict=True):
        expected[row] -= value
    np.testing.assert_allclose(variable, expected, rtol=1e-5)


def test_one_trace_for_every_number_of_rows():
    optimizer = Adam(sparse="lazy")
    run(optimizer, [slices(list(range(count))) for count in (1, 2, 3, 6, 5, 4)])
    assert optimizer.trace_count == 1


def test_rows_and_whole_variables_in_one_step():
    optimizer = SGD(1.0, momentum=0.9, sparse="lazy", global_clipnorm=100.0, processors=["skip_non_finite"])
    table, bias = tf.Variable(tf.zeros(SHAPE)), tf.Variable([1.0, 2.0])
    gradient = tf.IndexedSlices(tf.ones([2, 2]), tf.constant([1, 1]), tf.constant(SHAPE))
    optimizer.apply_gradients([(gradient, table), (tf.constant([1.0, 1.0]), bias)])
    np.testing.assert_array_equal(table[1], [-2.0, -2.0])
    np.testing.assert_array_equal(bias, [0.0, 1.0])
    assert int(optimizer.iterations) == 1
    broken = tf.IndexedSlices(tf.fill([1, 2], np.float32("nan")), tf.constant([1]), tf.constant(SHAPE))
    optimizer.apply_gradients([(broken, table), (tf.constant([1.0, 1.0]), bias)])
    np.testing.assert_array_equal(table[1], [-2.0, -2.0])
    assert int(optimizer.iterations) == 1


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_dtypes_are_kept(dtype):
    variable = tf.Variable(tf.zeros(SHAPE, dtype))
    gradient = tf.IndexedSlices(tf.ones([1, 2], dtype), tf.constant([1]), tf.constant(SHAPE))
    run(SGD(1.0, momentum=0.5, sparse="lazy"), [gradient], variable)
    assert variable.dtype == dtype
    np.testing.assert_array_equal(tf.cast(variable[1], "float32"), [-1.0, -1.0])


def test_a_gate_that_holds_whole_gradients_is_refused():
    optimizer = SGD(sparse="lazy", processors=[{"use": "accumulate", "steps": 2}])
    with pytest.raises(ConfigError, match=r"lazy optimizer cannot have gates.*'accumulate'.*sparse: exact"):
        run(optimizer, [slices([1])])


@pytest.mark.parametrize("name", ["unit_norm", "monitor", "cautious"])
def test_what_needs_all_rows_of_a_table_is_refused(name):
    optimizer = SGD(sparse="lazy", processors=[name])
    with pytest.raises(ConfigError, match=f"need all rows.*{name!r}.*sparse: exact"):
        optimizer.build([tf.Variable(tf.zeros(SHAPE), name="table")])


def test_what_looks_at_gradients_only_can_do_with_rows():
    gradients = [slices([1, 4])]
    expected, _ = run(SGD(1.0, clipnorm=0.5), gradients)
    actual, _ = run(SGD(1.0, clipnorm=0.5, sparse="lazy"), gradients)
    np.testing.assert_allclose(actual.numpy(), expected.numpy(), rtol=1e-6)


def test_only_an_elementwise_optimizer_can_be_lazy():
    class Whole(optiplug.Optimizer):
        def update_step(self, gradient, variable): ...

    with pytest.raises(ConfigError, match=r"sparse: only an optimizer that treats every element alike"):
        Whole(sparse="lazy")


def test_the_compiled_core_never_touches_the_table():
    """So its cost is that of the rows."""
    optimizer, variable = Adam(sparse="lazy"), tf.Variable(tf.zeros(SHAPE), name="table")
    run(optimizer, [slices([1, 2])], variable)
    (program,) = parts_of(optimizer).programs_for([variable]).values()
    shapes = [
        tuple(each.shape)
        for each in program._core.get_concrete_function(
            [tf.TensorSpec([None, 2])],
            {
                program.plan.names[id(each)]: tf.TensorSpec([None, 2])
                for each in optimizer.state.rows_of(variable)
            },
            [],
            None,
        ).graph.variables
    ]
    assert tuple(SHAPE) not in shapes


def test_a_variable_may_have_the_name_of_the_state_of_another():
    table = tf.Variable(tf.zeros(SHAPE), name="table")
    namesake = tf.Variable(tf.ones([4, 5]), name="momentum/table")
    optimizer, gradient = SGD(1.0, momentum=0.5, sparse="lazy"), slices([1])
    for _ in range(2):
        optimizer.apply_gradients([(gradient, table), (tf.ones([4, 5]), namesake)])
    expected = np.zeros(SHAPE)
    expected[1] = -2.5 * gradient.values.numpy()[0]
    np.testing.assert_allclose(table, expected, rtol=1e-6)
    np.testing.assert_array_equal(namesake, np.full([4, 5], 1 - 2.5))

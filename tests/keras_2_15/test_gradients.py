"""Every kind of gradient and of variable that a step can meet."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from optiplug_sgd.sgd import SGD
from support.single_steps import rows, stepped

EVERYTHING = {"momentum": 0.5, "nesterov": True, "weight_decay": 0.25, "use_ema": True}

# Of a table of 4 rows and 2 columns.
SPARSE = {
    "every row": ([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]], [0, 1, 2, 3]),
    "twice": ([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], [3, 1, 3]),
    "all the same": ([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], [2, 2, 2]),
    "backwards": ([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], [3, 2, 0]),
    "no row": (np.zeros((0, 2)), np.zeros(0, np.int32)),
}


@pytest.mark.sampled(7)
@pytest.mark.parametrize("clip", ["clipnorm", "clipvalue", "global_clipnorm"])
@pytest.mark.parametrize("case", SPARSE)
def test_rows_equal_their_dense_sum(case, clip):
    gradient = rows(*SPARSE[case], [4, 2])
    start, keywords = tf.ones([4, 2]), {"learning_rate": 0.5, clip: 1.0, **EVERYTHING}
    sparse = stepped(SGD(**keywords), *[gradient] * 3, start=start)
    dense = stepped(SGD(**keywords), *[tf.convert_to_tensor(gradient)] * 3, start=start)
    np.testing.assert_array_equal(sparse, dense)


@pytest.mark.parametrize("graph", [False, True])
@pytest.mark.parametrize("jit_compile", [False, True])
@pytest.mark.parametrize("case", SPARSE)
def test_rows_change_their_table(case, jit_compile, graph):
    optimizer, table = SGD(0.5, momentum=0.5, jit_compile=jit_compile), tf.Variable(tf.ones([4, 2]))
    optimizer.build([table])

    def step():
        optimizer.apply_gradients([(rows(*SPARSE[case], [4, 2]), table)])

    step = tf.function(step) if graph else step
    total = np.zeros([4, 2])
    np.add.at(total, np.asarray(SPARSE[case][1]), np.asarray(SPARSE[case][0]))
    step()
    np.testing.assert_array_equal(table, 1 - 0.5 * total)
    step()
    np.testing.assert_array_equal(table, 1 - 0.5 * total - (0.25 + 0.5) * total)


@pytest.mark.parametrize("index_dtype", [tf.int32, tf.int64])
def test_rows_that_do_not_know_the_shape_of_their_table(index_dtype):
    slices = tf.IndexedSlices(tf.ones([1, 2]), tf.constant([1], index_dtype))
    np.testing.assert_array_equal(stepped(SGD(1.0), slices, start=tf.ones([2, 2])), [[1, 1], [0, 0]])


def test_the_number_of_rows_does_not_trace_the_step_again():
    optimizer, table = SGD(1.0), tf.Variable(tf.ones([4, 2]))
    for case in SPARSE.values():
        optimizer.apply_gradients([(rows(*case, [4, 2]), table)])
    assert optimizer.trace_count == 1


def test_rows_of_an_embedding_on_the_tape():
    table = tf.Variable(tf.ones([4, 2]))
    SGD(1.0).minimize(lambda: tf.reduce_sum(tf.gather(table, [3, 1, 3])), [table])
    np.testing.assert_array_equal(table, [[1, 1], [0, 0], [1, 1], [-1, -1]])


def test_rows_inside_a_tf_function():
    table, optimizer = tf.Variable(tf.ones([4, 2])), SGD(1.0)

    @tf.function(reduce_retracing=True)
    def step(indices):
        optimizer.minimize(lambda: tf.reduce_sum(tf.gather(table, indices)), [table])

    for indices in ([3, 1, 3], [0], []):
        step(tf.constant(indices, tf.int32))
    np.testing.assert_array_equal(table, [[0, 0], [0, 0], [1, 1], [-1, -1]])


@pytest.mark.sampled(3)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64", "complex64", "complex128"])
@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("mode", ["eager", "graph", "compiled"])
def test_every_dtype_keeps_its_dtype(dtype, sparse, mode):
    keywords = {"momentum": 0.5, "global_clipnorm": 10.0, "weight_decay": 0.5, "use_ema": True}
    optimizer = SGD(0.5, jit_compile=mode == "compiled", **keywords)
    variable = tf.Variable(tf.cast([1.0, 2.0], dtype))
    optimizer.build([variable])

    def step():
        gradient = tf.cast([1.0, 1.0], dtype)
        if sparse:
            parts = tf.cast([0.5, 1.0, 0.5], dtype)
            gradient = tf.IndexedSlices(parts, tf.constant([0, 1, 0]), tf.constant([2]))
        optimizer.apply_gradients([(gradient, variable)])

    step = tf.function(step) if mode == "graph" else step
    for _ in range(2):
        step()
    assert variable.dtype == dtype
    velocity = optimizer.momentum[variable]
    assert velocity.dtype == optiplug.numerics.compute_dtype(dtype)
    np.testing.assert_allclose(tf.cast(velocity.variable, "complex128"), [-0.75, -0.75])
    np.testing.assert_allclose(tf.cast(variable.read_value(), "complex128"), [-0.5625, 0.0])


@pytest.mark.sampled(2)
@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
@pytest.mark.parametrize("clip", ["clipnorm", "global_clipnorm"])
def test_imaginary_parts(clip, dtype, sparse):
    optimizer = SGD(0.5, momentum=0.5, weight_decay=0.5, use_ema=True, ema_momentum=0.5, **{clip: 1.0})
    variable, gradient = tf.Variable(tf.constant([4j, 2 + 2j], dtype)), tf.constant([3 + 4j, 0], dtype)
    if sparse:
        parts = tf.constant([4 + 1j, -1 + 3j], dtype)
        gradient = tf.IndexedSlices(parts, tf.constant([0, 0]), tf.constant([2]))
    for _ in range(2):
        optimizer.apply_gradients([(gradient, variable)])
    # (3 + 4j) / 5 is applied, and a quarter of the value goes: 4j -> 3j - 0.5 g -> three quarters - 0.75 g
    applied = 0.6 + 0.8j
    first, second = 3j - 0.5 * applied, 0.75 * (3j - 0.5 * applied) - 0.75 * applied
    tolerance = {"rtol": 1e-6 if dtype == "complex64" else 1e-12}
    np.testing.assert_allclose(variable, [second, 0.5625 * (2 + 2j)], **tolerance)
    optimizer.finalize_variable_values([variable])
    averages = [0.25 * 4j + 0.25 * first + 0.5 * second, (0.25 + 0.25 * 0.75 + 0.5 * 0.5625) * (2 + 2j)]
    np.testing.assert_allclose(variable, averages, **tolerance)


def test_dtypes_side_by_side():
    dtypes = ["float16", "bfloat16", "float32", "float64", "complex64"]
    optimizer, variables = SGD(1.0, global_clipnorm=1.0), [tf.Variable(tf.cast(0.0, each)) for each in dtypes]
    optimizer.apply_gradients([(tf.cast(2.0, each.dtype), each) for each in variables])
    for variable in variables:
        np.testing.assert_allclose(tf.cast(variable, "complex128"), -1 / np.sqrt(5), rtol=4e-3)
        assert variable.dtype.name in dtypes


def test_scalars_and_no_elements_at_all():
    optimizer, empty, scalar = SGD(0.5, global_clipnorm=1.0), tf.Variable(tf.zeros([0, 3])), tf.Variable(1.0)
    optimizer.apply_gradients([(tf.zeros([0, 3]), empty), (tf.constant(1.0), scalar)])
    assert float(scalar) == 0.5
    assert stepped(SGD(**EVERYTHING, clipnorm=1.0), np.zeros([2, 0]), start=np.zeros([2, 0])).shape == (2, 0)


@pytest.mark.sampled(2)
@pytest.mark.parametrize("jit_compile", [False, True])
@pytest.mark.parametrize("clip", ["clipnorm", "clipvalue", "global_clipnorm"])
def test_no_elements_beside_a_scalar(clip, jit_compile):
    processors = ["skip_non_finite", "centralize_gradients"]
    optimizer = SGD(1.0, jit_compile=jit_compile, processors=processors, **{clip: 1.0}, **EVERYTHING)
    empty, table, scalar = tf.Variable(tf.zeros([0, 3])), tf.Variable(tf.zeros([3, 0])), tf.Variable(1.0)
    for _ in range(2):
        gradients = [tf.zeros([0, 3]), rows(np.zeros([2, 0]), [1, 1], [3, 0]), tf.constant(4.0)]
        optimizer.apply_gradients(zip(gradients, [empty, table, scalar], strict=True))
    # 1 -> 0.75 - 0.5 - 1 = -0.75, velocity -1 -> -0.5625 - 0.75 - 1, velocity -1.5
    assert float(scalar) == -2.3125
    assert (empty.shape, table.shape) == ((0, 3), (3, 0))


def test_python_numbers_and_arrays():
    optimizer, variable = SGD(1.0), tf.Variable([1.0, 2.0])
    optimizer.apply_gradients([(np.ones(2, np.float32), variable)])
    optimizer.apply_gradients([([1.0, 1.0], variable)])
    np.testing.assert_array_equal(variable, [-1.0, 0.0])


def test_none_leaves_variables_alone_and_says_so():
    optimizer, one, other = (
        SGD(1.0, **EVERYTHING),
        tf.Variable(1.0, name="one"),
        tf.Variable(1.0, name="other"),
    )
    with pytest.raises(ValueError, match="No gradients provided for any variable"):
        optimizer.apply_gradients([(None, one), (None, other)])
    with pytest.warns(UserWarning, match=r"without gradient are left alone: \['other:0'\]"):
        optimizer.apply_gradients([(tf.constant(1.0), one), (None, other)])
    assert [float(one), float(other)] == [0.75 - 0.5 - 1.0, 1.0]  # decay, half the velocity, the gradient
    assert optimizer.iterations == 1
    assert optimizer.state.states["momentum/one"].numpy() == -1.0
    assert "momentum/other" not in optimizer.state.states


def test_constraints_are_applied_before_the_average():
    optimizer = SGD(1.0, use_ema=True, ema_momentum=0.5)
    variable = stepped(optimizer, 5.0, start=1.0, constraint=lambda value: tf.maximum(value, 0.0))
    assert float(variable) == 0.0
    optimizer.finalize_variable_values([variable])
    assert float(variable) == 0.5


def test_constraints_of_sparse_and_half_precision_variables():
    def unit(value):
        return value / tf.norm(value, axis=-1, keepdims=True)

    gradient = tf.IndexedSlices(tf.constant([[3.0, 0.0]], tf.float16), tf.constant([0]), tf.constant([2, 2]))
    variable = stepped(SGD(1.0), gradient, start=tf.constant([[0, 4], [0, 1]], tf.float16), constraint=unit)
    np.testing.assert_allclose(variable, [[-0.6, 0.8], [0, 1]], rtol=1e-3)


def test_variables_seen_late_start_afresh_and_the_others_go_on():
    optimizer, variables = SGD(1.0, momentum=0.5), [tf.Variable(0.0) for _ in range(3)]
    for count in (1, 2, 3):
        optimizer.apply_gradients([(tf.constant(1.0), each) for each in variables[:count]])
    assert [float(each) for each in variables] == [-4.25, -2.5, -1.0]
    assert optimizer.iterations == 3


def test_another_set_of_variables_in_each_call():
    optimizer, variables = SGD(1.0, momentum=0.5), [tf.Variable(0.0) for _ in range(3)]
    for chosen in ([0, 1], [2], [1, 2], [2, 1], [0, 1, 2], [0, 1]):
        optimizer.apply_gradients([(tf.constant(1.0), variables[place]) for place in chosen])
    assert [float(each) for each in variables] == [-4.25, -8.0625, -6.125]
    assert optimizer.trace_count == 3  # all is forgotten at the late one; then [1, 2] and [2, 1] come


@pytest.mark.parametrize("processor", ["accumulate", "ema"])
def test_state_of_processors_outlives_another_set_of_variables(processor):
    fields = {"accumulate": {"steps": 2}, "ema": {"momentum": 0.5}}[processor]
    optimizer = SGD(1.0, processors=[{"use": processor, **fields}])
    one, other = tf.Variable(0.0, name="one"), tf.Variable(0.0, name="other")
    optimizer.build([one])
    for pairs in ([(1.0, one)], [(1.0, one), (1.0, other)], [(1.0, other)], [(3.0, one), (3.0, other)]):
        optimizer.apply_gradients([(tf.constant(gradient), variable) for gradient, variable in pairs])
    optimizer.finalize_variable_values([one, other])
    expected = {"accumulate": [-2.5, -2.5], "ema": [-3.3125, -3.125]}[processor]
    assert [float(one), float(other)] == expected


def test_a_shape_that_is_not_the_variable_s_is_refused():
    for gradient in (tf.ones([3]), rows([1.0], [0], [3])):
        with pytest.raises(optiplug.GradientsError, match=r"must have its shape \(2,\).*\(3,\)"):
            SGD().apply_gradients([(gradient, tf.Variable([1.0, 2.0]))])

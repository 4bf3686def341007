import numpy as np
import pytest
import tensorflow as tf

from optiplug import numerics

SIZES = [(), (0,), (1,), (255,), (256,), (257,), (3, 256), (1000, 33)]


@pytest.mark.sampled(3)
@pytest.mark.parametrize("shape", SIZES)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64", "complex64", "complex128"])
@pytest.mark.parametrize("compiled", [False, True])
def test_sum_of_squares_is_that_of_numpy(shape, dtype, compiled):
    generator = np.random.default_rng(0)
    x = generator.normal(size=shape) + (1j * generator.normal(size=shape) if "complex" in dtype else 0)
    tensor = tf.cast(tf.constant(x), dtype)
    expected = np.sum(np.abs(tf.cast(tensor, "complex128" if "complex" in dtype else "float64").numpy()) ** 2)
    result = tf.function(numerics.sum_of_squares, jit_compile=compiled)(tensor)
    assert result.dtype == numerics.scalar_dtype(dtype)
    np.testing.assert_allclose(result, expected, rtol=1e-12 if result.dtype == tf.float64 else 1e-6)


@pytest.mark.parametrize(("dtype", "real"), [("complex64", "float32"), ("complex128", "float64")])
def test_a_squared_magnitude_is_real(dtype, real):
    squares = numerics.squared_magnitude(tf.constant([3 + 4j, -2j], dtype))
    assert squares.dtype == real
    assert squares.numpy().tolist() == [25.0, 4.0]


def test_a_norm_of_half_precision_does_not_overflow():
    assert float(numerics.global_norm([tf.fill([4], tf.constant(60000, tf.float16))])) == 120000.0


def test_a_norm_over_several_dtypes_is_in_the_highest_precision():
    norm = numerics.global_norm([tf.constant([3.0], tf.float16), tf.constant([4.0], tf.float64)])
    assert norm.dtype == tf.float64
    assert float(norm) == 5.0


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize(
    ("dtype", "size"),
    [
        ("float32", 1e-30),
        ("float32", 1e20),
        ("float32", 3e37),
        ("bfloat16", 1e30),
        ("complex64", 1e20),
        ("float64", 1e-200),
        ("float64", 1e200),
    ],
)
def test_a_norm_is_right_at_every_size(dtype, size, compiled):
    factors = np.asarray([[3.0, 0.0, 4.0]] * 100)
    x = tf.cast(tf.constant(factors * size), dtype)
    norm = tf.function(lambda x: numerics.global_norm([x, x], tf.float64), jit_compile=compiled)(x)
    stored = np.max(np.abs(np.asarray(tf.cast(x, "complex128").numpy()))) / 4
    np.testing.assert_allclose(
        float(norm) / stored, 5 * np.sqrt(200), rtol=2e-2 if dtype == "bfloat16" else 1e-6
    )


def test_a_norm_of_what_is_not_finite_is_not_finite():
    for dtype in (tf.float32, tf.float64):
        for bad in (np.nan, np.inf):
            assert not np.isfinite(float(numerics.global_norm([tf.constant([1.0, bad], dtype)])))
    assert float(numerics.global_norm([tf.zeros([0], tf.float64), tf.zeros([2])])) == 0.0


def test_a_factor_may_be_out_of_range():
    x = tf.constant([3e38, 1e38])
    assert numerics.scaled(x, tf.constant(1e-40, tf.float64)).numpy().tolist() == pytest.approx([0.03, 0.01])
    turned = numerics.scaled(tf.constant([3e38j], tf.complex64), tf.constant(1e-40, tf.float64))
    assert turned.numpy().imag.tolist() == pytest.approx([0.03])


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("power", "terms"), [(1, 2), (2, 1), (2, 2**32), (4, 2**32)])
def test_powers_of_limited_gradients_are_finite(dtype, power, terms, compiled):
    limited = tf.function(lambda x: numerics.limited(x, power, terms), jit_compile=compiled)
    largest = np.finfo(dtype).max
    x = tf.constant([-largest, 0.5, largest], dtype)
    values = limited(x).numpy()
    assert np.isfinite(np.abs(values) ** power * terms).all()
    assert values[1] == 0.5
    assert values[0] == -values[2] < 0
    broken = limited(tf.constant([np.inf, -np.inf, np.nan], dtype)).numpy()
    assert broken[0] == np.inf
    assert broken[1] == -np.inf
    assert np.isnan(broken[2])


def test_a_limited_norm_keeps_the_direction():
    limited = numerics.limited_norm(tf.constant([3e38, -1.5e38])).numpy()
    assert limited[0] == -2 * limited[1]
    assert np.isfinite(np.sum(limited**2))
    small = tf.constant([3.0, 4.0])
    assert numerics.limited_norm(small).numpy().tolist() == [3.0, 4.0]
    assert np.isnan(numerics.limited_norm(tf.constant([np.inf, 1.0])).numpy()).any()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [0, 299, 511])
@pytest.mark.parametrize("compiled", [False, True])
def test_one_bad_element_is_found(bad, place, compiled):
    x = np.ones(512, "float32")
    finite = tf.function(lambda x: numerics.all_finite([tf.constant([1.0]), x]), jit_compile=compiled)
    assert bool(finite(tf.constant(x)))
    assert bool(finite(tf.constant(x * 3e38)))  # huge, but finite: its square is not
    x[place] = bad
    assert not bool(finite(tf.constant(x)))


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("shape", [(), (3,), (2, 0), (2, 3)])
def test_what_is_not_selected_leaves_no_trace(shape, compiled):
    select = tf.function(numerics.where, jit_compile=compiled)
    good, bad = tf.ones(shape), tf.fill(shape, float("nan"))
    np.testing.assert_array_equal(select(tf.constant(True), good, bad), good)
    np.testing.assert_array_equal(select(tf.constant(False), bad, good), good)


def test_select_takes_shapes_that_are_not_known_while_tracing():
    spec = tf.TensorSpec([None, 2])
    select = tf.function(numerics.where, input_signature=[tf.TensorSpec([], tf.bool), spec, spec])
    for rows in (1, 3):
        one, other = tf.ones([rows, 2]), tf.zeros([rows, 2])
        np.testing.assert_array_equal(select(tf.constant(False), one, other), other)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_random_numbers_are_the_same_bits_eagerly_and_compiled(dtype):
    def draw(seed):
        return numerics.random_uniform([1000], seed, dtype)

    seed = tf.constant([3, 4])
    eager, graph, compiled = draw(seed), tf.function(draw)(seed), tf.function(draw, jit_compile=True)(seed)
    np.testing.assert_array_equal(eager, graph)
    np.testing.assert_array_equal(eager, compiled)
    assert len(np.unique(eager)) > 990


def test_normal_numbers_are_the_same_bits_eagerly_and_compiled():
    def draw(seed):
        return numerics.random_normal([100_000], seed)

    seed = tf.constant([3, 4])
    np.testing.assert_array_equal(draw(seed), tf.function(draw, jit_compile=True)(seed))


def test_normal_numbers_have_the_right_moments():
    x = numerics.random_normal([200, 1000], tf.constant([1, 2]), tf.float64).numpy()
    assert abs(x.mean()) < 0.01
    assert abs(x.std() - 1) < 0.01
    assert abs((x**3).mean()) < 0.03
    assert abs((x**4).mean() - 3) < 0.06

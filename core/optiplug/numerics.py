"""Norms, sums and random numbers for plugins, in forms that XLA compiles to fast and exact programs.

For authors of plugins: ``from optiplug import numerics``. docs/design/performance.md has the figures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from math import pi
from typing import Any

import numpy as np
import tensorflow as tf

from ._deprecation import renamed
from ._types import DType, Shape, Tensor, Variable

__all__ = [
    "all_finite",
    "bias_correction",
    "compute_dtype",
    "each",
    "global_norm",
    "limited",
    "limited_norm",
    "random_normal",
    "random_uniform",
    "scalar_dtype",
    "scaled",
    "squared_magnitude",
    "sum_of_squares",
    "total",
    "where",
    "widest_dtype",
]

_ROW = 256

# A function that is applied to random bits as soon as they are drawn. DTensor draws each device's part
# of a split tensor from the same seed, which repeats the bits, unless each device draws the whole.
after_drawing: ContextVar[Callable[[Tensor], Tensor]] = ContextVar("after_drawing", default=lambda bits: bits)


def compute_dtype(dtype: DType) -> DType:
    """Return the dtype in which a step computes on variables of `dtype`: float32 for half precision.

    >>> compute_dtype(tf.bfloat16), compute_dtype(tf.float64)
    (tf.float32, tf.float64)
    """
    dtype = tf.as_dtype(dtype)
    return tf.float32 if dtype in (tf.float16, tf.bfloat16) else dtype


def scalar_dtype(dtype: DType) -> DType:
    """Return the real dtype of rates and norms beside values of `dtype`: float64 only for double precision.

    >>> scalar_dtype(tf.bfloat16), scalar_dtype(tf.complex128)
    (tf.float32, tf.float64)
    """
    return tf.float64 if tf.as_dtype(dtype) in (tf.float64, tf.complex128) else tf.float32


def widest_dtype(values: Iterable[Tensor | Variable]) -> DType:
    """Return the dtype of a number that comes from all values: float64 if any is in double precision.

    >>> widest_dtype([tf.zeros(2), tf.zeros(2, tf.float64)]), widest_dtype([tf.zeros(2, tf.bfloat16)])
    (tf.float64, tf.float32)
    """
    return tf.float64 if tf.float64 in [scalar_dtype(each.dtype) for each in values] else tf.float32


def total(x: Tensor) -> Tensor:
    """Return the sum of all elements, as a scalar of the same dtype.

    It is a product with ones: XLA on a CPU reduces to a scalar ten times slower, an element at a time.

    >>> float(total(tf.constant([[1.0, 2.0], [3.0, 4.0]])))
    10.0
    """
    # On ResNet-50's gradients 7 ms, and 68 ms by `tf.reduce_sum`: docs/design/performance.md.
    x = tf.convert_to_tensor(x)
    size = x.shape.num_elements()
    if size is not None and size >= _ROW and size % _ROW == 0:
        return _total_of_rows(x)
    flat = tf.reshape(x, [-1])
    if size is None or size < _ROW:
        return tf.reduce_sum(flat)
    whole = size - size % _ROW
    return _total_of_rows(flat[:whole]) + tf.reduce_sum(flat[whole:])


def _total_of_rows(x: Tensor) -> Tensor:
    rows = tf.reshape(x, [-1, _ROW])
    # Not `matvec`, which is three operations more to trace and to translate.
    return tf.reduce_sum(tf.matmul(rows, tf.ones([_ROW, 1], rows.dtype)))


def squared_magnitude(x: Tensor) -> Tensor:
    """Return ``|x|^2`` of each element, real also for complex numbers.

    Complex ``x * x`` is no size: it turns with ``x``, and is -1 for the imaginary unit.

    >>> squared_magnitude(tf.constant([3 + 4j, 1j])).numpy().tolist()
    [25.0, 1.0]
    """
    if not x.dtype.is_complex:
        return tf.square(x)
    return tf.square(tf.math.real(x)) + tf.square(tf.math.imag(x))


def sum_of_squares(x: Tensor) -> Tensor:
    """Return the sum of ``|x_i|^2`` as a scalar: float64 for double precision, float32 otherwise.

    >>> float(sum_of_squares(tf.constant([3.0, 4.0])))
    25.0
    """
    return tf.cast(tf.add_n(list(map(_squares, _real_parts(x)))), scalar_dtype(x.dtype))


def _squares(x: Tensor) -> Tensor:
    # In float64, as float32 has no room for the squares of its range. It is not slower: docs/design/edges.md.
    return total(tf.square(tf.cast(x, tf.float64)))


def global_norm(tensors: Sequence[Tensor], dtype: DType | None = None) -> Tensor:
    """Return ``sqrt(sum of |x_i|^2 over all tensors)`` as a scalar, right for all finite numbers.

    Its dtype is float64 if any tensor is double precision, else float32, or the one that is given. The
    norm of float32 numbers may be larger than float32 can hold, and a factor over it smaller: ask for
    float64, and multiply with `scaled`.

    >>> float(global_norm([tf.constant([3.0]), tf.constant([[4.0]])]))
    5.0
    """
    parts = [part for each in tensors for part in _real_parts(each)]
    norm = _norms([_norms(parts)])[0] if parts else tf.constant(0, tf.float64)
    return tf.cast(norm, dtype or widest_dtype(tensors))


def _norms(tensors: Sequence[Tensor]) -> Tensor:
    """Return the norm of each of real tensors, as one vector of float64."""
    largest, squares = zip(*map(_largest_and_squares, tensors), strict=True)
    # One root of all: TensorFlow takes 2.5 ms to translate each `sqrt` (docs/design/performance.md).
    return tf.convert_to_tensor(largest, tf.float64) * tf.sqrt(tf.stack(squares))


def _largest_and_squares(x: Tensor) -> tuple[Tensor | float, Tensor]:
    if x.dtype != tf.float64:
        return 1.0, _squares(x)
    # No dtype is wider, so its numbers are divided by the largest of them.
    largest = tf.reduce_max(tf.abs(x)) if x.shape.num_elements() != 0 else 0.0
    return largest, _squares(tf.math.divide_no_nan(x, largest))


def _real_parts(x: Tensor) -> list[Tensor]:
    # The square of a complex number is not that of its absolute value.
    x = tf.convert_to_tensor(x)
    return [tf.math.real(x), tf.math.imag(x)] if x.dtype.is_complex else [x]


def scaled(x: Tensor, factor: Tensor) -> Tensor:
    """Return ``x * factor`` in the dtype of `x`, where `factor` is real and may be out of its range.

    >>> scaled(tf.constant([3e20, 4e20]), 1 / global_norm([tf.constant([3e20, 4e20])], tf.float64)).numpy()
    array([0.6, 0.8], dtype=float32)
    """
    x = tf.convert_to_tensor(x)
    wide = tf.complex128 if x.dtype.is_complex else tf.float64
    return tf.cast(tf.cast(x, wide) * tf.cast(factor, wide), x.dtype)


def limited(gradient: Tensor, power: float = 2, terms: float | Tensor = 1) -> Tensor:
    """Return a gradient with finite elements bounded, so that sums of their powers are finite.

    The bound is ``(2^126 / terms)^(1 / power)``, about 9e18 by default, and with 2^1022 in double
    precision. Then no average of gradients or of their squares can become NaN by ``inf - inf``, and an
    update that does not depend on the scale of a gradient is the same for one above the bound. What
    is not finite stays so.

    >>> limited(tf.constant([1.0, -1e20, float("inf")])).numpy().tolist()
    [1.0, -9.223372036854776e+18, inf]
    """
    gradient = tf.convert_to_tensor(gradient)
    if gradient.dtype.is_complex:
        return tf.complex(*(limited(part, power, 2 * terms) for part in _real_parts(gradient)))
    dtype = gradient.dtype
    # As integers. What XLA fuses into several loops must not have two operands as large as it is, or it is
    # written to memory in between, as `tf.where(is_finite(x), clip(x), x)` was: docs/design/performance.md.
    word = {2: tf.uint16, 4: tf.uint32, 8: tf.uint64}[dtype.size]
    infinity = np.array(float("inf"), dtype.as_numpy_dtype).view(word.as_numpy_dtype)
    negative = word.as_numpy_dtype(1 << (8 * dtype.size - 1))
    bits, room = tf.bitcast(gradient, word), tf.convert_to_tensor(_room(dtype, word, power, terms))
    # Counted round and round from one infinity on, the finite numbers of its sign are the largest.
    for start in (infinity, negative):
        bits = tf.minimum(bits - start, room)
    return tf.bitcast(bits + (infinity | negative), dtype)


def _room(dtype: DType, word: DType, power: float, terms: float | Tensor) -> Tensor | np.generic:
    """Return the bits of the bound, counted from those of infinity; no operation, if it is a number."""
    largest, bound = dtype.as_numpy_dtype(dtype.max), _bound(dtype, power, terms)
    infinity = np.array(float("inf"), dtype.as_numpy_dtype).view(word.as_numpy_dtype)
    if tf.is_tensor(bound):
        return tf.bitcast(tf.minimum(tf.cast(bound, dtype), largest), word) - infinity
    with np.errstate(over="ignore"):
        return np.minimum(dtype.as_numpy_dtype(bound), largest).view(word.as_numpy_dtype) - infinity


def _finite(x: Tensor) -> Tensor:
    # Two comparisons, as TensorFlow takes 2.5 ms to translate each `is_finite`: docs/design/performance.md.
    # With no infinity in them, which `tf.debugging.enable_check_numerics` would refuse.
    return tf.logical_and(x <= x.dtype.max, x >= x.dtype.min)


def limited_norm(gradient: Tensor, power: float = 2) -> Tensor:
    """Return a gradient scaled down so that a power of its norm is finite, in its own direction.

    As `limited`, for formulas that compare elements with each other, such as means over rows.

    >>> limited_norm(tf.constant([3e20, 4e20])).numpy() / 2**63
    array([0.6, 0.8], dtype=float32)
    """
    gradient = tf.convert_to_tensor(gradient)
    norm, bound = global_norm([gradient], tf.float64), _bound(gradient.dtype, power, 1)
    return scaled(gradient, bound / tf.maximum(norm, bound))


def _bound(dtype: DType, power: float, terms: float | Tensor) -> float | Tensor:
    largest: float | Tensor = (2.0 ** (1022 if scalar_dtype(dtype) == tf.float64 else 126) / terms) ** (
        1 / power
    )
    return largest


def each(
    function: Callable[..., Sequence[Tensor]], tensors: Sequence[Tensor], stacked: int, returns: int = 1
) -> list[Tensor]:
    """Return ``function(*tensors)``, or of stacks that of each member, stacked again.

    `stacked` is that of a variable: how many members there are, 0: it is no stack. The members go through
    a loop, so XLA compiles the function once, and it takes the time of all of them, one after the other.
    It returns a list of `returns` tensors of the dtype of the first of `tensors`, and works with these
    alone: what a step reads and assigns stays outside.

    >>> each(lambda x: [tf.norm(x)], [tf.constant([[3.0, 4.0], [0.0, 1.0]])], stacked=2)[0].numpy()
    array([5., 1.], dtype=float32)
    """
    if not stacked:
        return list(function(*tensors))
    result: list[Tensor] = tf.map_fn(
        lambda members: list(function(*members)),
        tuple(tensors),
        parallel_iterations=1,
        fn_output_signature=[tensors[0].dtype] * returns,
    )
    return result


def all_finite(tensors: Sequence[Tensor]) -> Tensor:
    """Return a scalar boolean tensor: no element of any tensor is NaN or infinite.

    >>> bool(all_finite([tf.constant([1.0, float("inf")])]))
    False
    """
    parts = [part for tensor in tensors for part in _real_parts(tensor)]
    # Counted, as XLA on a CPU is slow at `tf.reduce_all`. Not by 0 * x, which XLA may simplify.
    broken = [total(tf.cast(tf.logical_not(_finite(each)), tf.float32)) for each in parts]
    return tf.reduce_all([tf.equal(count, 0) for count in broken])


def bias_correction(beta: Tensor, count: Tensor) -> Tensor:
    """Return ``1 - beta^count``: what an average of decay `beta` that started at zero is divided by.

    `beta` is a scalar tensor and `count` the number of values in the average. A beta close to 1 loses
    no digits, as it does in that formula.

    >>> print(f"{float(bias_correction(tf.constant(0.9), tf.constant(2))):.6f}")
    0.190000
    """
    return -tf.math.expm1(tf.cast(count, beta.dtype) * tf.math.log1p(beta - 1))


def where(condition: Tensor, chosen: Tensor, other: Tensor) -> Tensor:
    """Return `chosen` where a scalar boolean `condition` holds, else `other`, a tensor of the same shape.

    Write this instead of ``tf.where(condition, ...)``: XLA compiles both alike, but on tensors
    that DTensor has split among devices a scalar condition in `tf.where` ends the process.

    >>> where(tf.constant(False), tf.constant([1.0, float("nan")]), tf.constant([3.0, 4.0])).numpy()
    array([3., 4.], dtype=float32)
    """
    chosen = tf.convert_to_tensor(chosen)
    shape = chosen.shape if chosen.shape.is_fully_defined() else tf.shape(chosen)
    return tf.where(tf.broadcast_to(condition, shape), chosen, other)


def random_uniform(shape: Shape, seed: Tensor, dtype: DType = tf.float32) -> Tensor:
    """Return uniform numbers in [0, 1) from a stateless `seed` (int32, shape [2]).

    Made from Philox integers, so eager, graph and XLA give the same bits; TensorFlow's own
    stateless floats differ between them.

    >>> numbers = random_uniform([3], seed=tf.constant([1, 2]))
    >>> bool(tf.reduce_all((numbers >= 0) & (numbers < 1)))
    True
    """
    dtype = scalar_dtype(dtype)
    # Digits of the dtype only: more would be rounded, in some cases up to 1.0.
    bits, unused, digits = (tf.uint64, 11, 53) if dtype == tf.float64 else (tf.uint32, 8, 24)
    # By name: "auto_select" takes another algorithm on another kind of device.
    integers = tf.random.stateless_uniform(shape, seed, minval=None, maxval=None, dtype=bits, alg="philox")
    integers = after_drawing.get()(integers)
    return tf.cast(tf.bitwise.right_shift(integers, tf.cast(unused, bits)), dtype) * 2.0**-digits


def random_normal(shape: Shape, seed: Tensor, dtype: DType = tf.float32) -> Tensor:
    """Return standard normal numbers from a stateless `seed` by the Box-Muller transform.

    Computed in float64, where eager, graph and XLA differ in the last bits of a logarithm, and
    rounded to `dtype`, where they then agree.

    >>> random_normal([2, 2], seed=tf.constant([1, 2])).shape
    TensorShape([2, 2])
    """
    uniform = random_uniform(tf.concat([[2], shape], 0), seed, tf.float64)
    # 1 - u is never 0, as u is below 1, so the logarithm is finite.
    normal = tf.sqrt(-2.0 * tf.math.log1p(-uniform[0])) * tf.cos(2.0 * pi * uniform[1])
    return tf.cast(normal, scalar_dtype(dtype))


def __getattr__(name: str) -> Any:
    if new := renamed(__name__, name):
        return globals()[new]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

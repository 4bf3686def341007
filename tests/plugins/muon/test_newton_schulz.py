"""The iteration by itself: singular values close to 1, and singular vectors that stay."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from optiplug_muon.newton_schulz import newton_schulz

QUINTIC = (3.4445, -4.7750, 2.0315)
SHAPES = [(1, 1), (8, 8), (5, 40), (40, 5), (30, 31), (1, 9), (9, 1)]


def orthogonalised(matrix, dtype="float64", steps=5, coefficients=QUINTIC):
    given = tf.constant(matrix, dtype)
    return newton_schulz(given, steps=steps, coefficients=coefficients, epsilon=1e-8).numpy()


def draw(shape, smallest=0.2):
    """Return a random matrix with singular values in [smallest, 1]."""
    random = np.random.default_rng(sum(shape))
    left, _, right = np.linalg.svd(random.normal(size=shape), full_matrices=False)
    values = np.linspace(1.0, smallest, min(shape))
    return left, values, right


def quintic(values, steps=5):
    """Follow numbers through the polynomial that singular values go through."""
    a, b, c = QUINTIC
    for _ in range(steps):
        values = a * values + b * values**3 + c * values**5
    return values


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-5), ("float64", 1e-13)])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_singular_values_come_close_to_one_and_vectors_stay(shape, dtype, tolerance):
    left, values, right = draw(shape)
    result = orthogonalised(left * values @ right, dtype)
    assert result.dtype == dtype
    expected = left * quintic(values / (np.linalg.norm(values) + 1e-8)) @ right
    np.testing.assert_allclose(result, expected, rtol=0, atol=tolerance)
    found = np.linalg.svd(result, compute_uv=False)
    assert 0.68 < found.min() <= found.max() < 1.21


def test_from_a_hundredth_of_the_norm_on_bounds_hold():
    ends = quintic(np.linspace(0.01, 1.0, 10_000))
    assert 0.68 < ends.min() < ends.max() < 1.14


def test_a_gaussian_matrix_loses_large_and_small_directions():
    matrix = np.random.default_rng(0).normal(size=(24, 48))
    before = np.linalg.svd(matrix, compute_uv=False)
    after = np.linalg.svd(orthogonalised(matrix), compute_uv=False)
    assert before.max() / before.min() > 4
    assert 0.68 < after.min() < after.max() < 1.21


def test_a_matrix_and_its_transpose_agree():
    matrix = np.random.default_rng(1).normal(size=(7, 4))
    np.testing.assert_allclose(orthogonalised(matrix), orthogonalised(matrix.T).T, atol=1e-13)


def test_coefficients_that_converge_give_the_polar_factor():
    matrix = np.random.default_rng(2).normal(size=(6, 4))
    left, _, right = np.linalg.svd(matrix, full_matrices=False)
    result = orthogonalised(matrix, steps=30, coefficients=(15 / 8, -10 / 8, 3 / 8))
    np.testing.assert_allclose(result, left @ right, atol=1e-12)


def test_a_stack_is_matrix_by_matrix():
    stack = np.random.default_rng(3).normal(size=(3, 4, 5)) * [[[1.0]], [[100.0]], [[0.0]]]
    np.testing.assert_allclose(orthogonalised(stack), [orthogonalised(each) for each in stack], atol=1e-13)


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (2, 0, 3)])
def test_nothing_stays_nothing(shape):
    assert orthogonalised(np.zeros(shape)).shape == shape


def test_zero_stays_zero():
    assert not orthogonalised(np.zeros((3, 2)), "float32").any()

"""SOAP: the bases that it finds, and what it does with them."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import optiplug


def random_rotation(size, seed):
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(size, size))).Q


def trained(optimizer, gradients):
    variable = tf.Variable(np.zeros_like(gradients[0]), name="kernel")
    for gradient in gradients:
        optimizer.apply_gradients([(tf.constant(gradient), variable)])
    return variable


def off_diagonal(matrix):
    return np.abs(matrix - np.diag(np.diag(matrix))).max() / np.abs(matrix).max()


def test_bases_become_eigenvectors_of_the_covariances():
    left, right = random_rotation(6, 0), random_rotation(4, 1)
    sizes = np.zeros((6, 4))
    np.fill_diagonal(sizes, [8.0, 4.0, 2.0, 1.0])
    optimizer = optiplug.create("soap", precondition_frequency=2)
    trained(optimizer, [left @ sizes @ right.T] * 40)
    for axis, size in enumerate((6, 4)):
        basis = optimizer.state.states[f"basis_{axis}/kernel"].numpy()
        covariance = optimizer.state.states[f"covariance_{axis}/kernel"].numpy()
        np.testing.assert_allclose(basis.T @ basis, np.eye(size), atol=1e-12)
        assert off_diagonal(covariance) > 0.1
        assert off_diagonal(basis.T @ covariance @ basis) < 1e-6


@pytest.mark.slow
def test_it_takes_steps_of_one_size_along_its_basis():
    left, right = random_rotation(3, 2), random_rotation(3, 3)
    gradient = left @ np.diag([100.0, 1.0, 0.01]) @ right.T
    optimizer = optiplug.create("soap", learning_rate=1.0, precondition_frequency=1, beta_2=0.5, beta_1=0.5)
    variable = trained(optimizer, [gradient] * 60)
    before = variable.numpy()
    optimizer.apply_gradients([(tf.constant(gradient), variable)])
    step = left.T @ (variable.numpy() - before) @ right
    np.testing.assert_allclose(step, -np.eye(3), atol=1e-3)


@pytest.mark.slow
def test_before_the_first_basis_it_is_adam():
    gradients = list(np.random.default_rng(4).normal(size=(3, 4, 2)))
    settings = {"learning_rate": 0.01, "beta_1": 0.95, "beta_2": 0.95, "epsilon": 1e-8}
    ours, adam = (trained(optiplug.create(name, **settings), gradients) for name in ("soap", "adam"))
    np.testing.assert_allclose(ours.numpy(), adam.numpy(), rtol=1e-12)


def test_only_axes_that_have_a_basis_have_state():
    variables = [
        tf.Variable(tf.zeros(shape), name=name)
        for name, shape in (("bias", (3,)), ("scale", ()), ("kernel", (5, 3)), ("row", (1, 3)))
    ]
    optimizer = optiplug.create("soap", max_preconditioner_dim=4)
    optimizer.build(variables)
    sizes = {name: int(np.prod(state.shape)) for name, state in optimizer.state.states.items()}
    axes = {name: size for name, size in sizes.items() if size and name.startswith(("covariance", "basis"))}
    names = ("covariance_1/kernel", "basis_1/kernel", "covariance_1/row", "basis_1/row")
    assert axes == dict.fromkeys(names, 9)


@pytest.mark.slow
@pytest.mark.parametrize("scale", [1e-15, 1e15])
def test_the_basis_stays_orthogonal_at_every_scale_in_float32(scale):
    gradients = (np.random.default_rng(5).normal(size=(4, 6, 3)) * scale).astype(np.float32)
    optimizer = optiplug.create("soap", precondition_frequency=1)
    variable = trained(optimizer, list(gradients))
    basis = optimizer.state.states["basis_0/kernel"].numpy()
    np.testing.assert_allclose(basis.T @ basis, np.eye(6), atol=1e-5)
    assert np.isfinite(variable.numpy()).all()


def test_no_gradient_no_rotation():
    optimizer = optiplug.create("soap", precondition_frequency=1)
    variable = trained(optimizer, [np.zeros((3, 2))] * 2)
    assert not variable.numpy().any()
    np.testing.assert_array_equal(optimizer.state.states["basis_0/kernel"].numpy(), np.eye(3))


@pytest.mark.parametrize(
    "wrong", [{"precondition_frequency": 0}, {"shampoo_beta": 1.0}, {"epsilon": 0.0}, {"beta_1": -0.1}]
)
def test_what_is_out_of_range_is_refused(wrong):
    (name,) = wrong
    with pytest.raises(optiplug.ConfigError, match=name):
        optiplug.create("soap", **wrong)

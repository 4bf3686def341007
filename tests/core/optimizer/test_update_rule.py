"""Stages in which an optimizer itself takes part, and what it does to all variables at once."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from optiplug import Optimizer, OptimizerConfig, hookimpl, numerics
from support.trajectories import variables_of


class CountingConfig(OptimizerConfig):
    """Descent by the direction of all gradients together, counted by itself."""

    learning_rate: optiplug.NonNegativeScalar = 1.0


class Counting(Optimizer):
    Config = CountingConfig

    def build(self, var_list):
        super().build(var_list)
        self.count = self.add_state("count")
        self.first = self.add_slot("first", initial="variable")

    def update_variables(self, gradients, variables):
        norm = numerics.global_norm(gradients)
        super().update_variables([gradient / norm for gradient in gradients], variables)

    def update_step(self, gradient, variable):
        variable.assign_sub(self.rate(variable) * gradient)

    @hookimpl
    def post_step(self, step):
        self.count.assign_add(len(step.variables))

    @hookimpl
    def finalize(self, step):
        for variable in step.every_variable:
            variable.assign(self.first[variable])


CountingConfig.implementation = Counting


@pytest.mark.parametrize("jit_compile", [True, False])
def test_an_optimizer_sees_all_gradients_and_has_stages(jit_compile):
    variables = variables_of([np.zeros([2]), np.zeros([1])], "float32")
    optimizer = Counting(jit_compile=jit_compile)
    optimizer.apply_gradients([(tf.constant([2.0, 2.0]), variables[0]), (tf.constant([1.0]), variables[1])])
    np.testing.assert_allclose(variables[0].numpy(), -2 / 3, rtol=1e-6)
    np.testing.assert_allclose(variables[1].numpy(), -1 / 3, rtol=1e-6)
    assert float(optimizer.count.numpy()) == 2


def test_its_final_values_are_averaged_weights():
    (variable,) = variables_of([np.full([2], 5.0)], "float32")
    optimizer = Counting()
    optimizer.apply_gradients([(tf.ones([2]), variable)])
    with optimizer.averaged_weights():
        assert variable.numpy().tolist() == [5.0, 5.0]
    assert variable.numpy()[0] < 5


def test_inside_of_another_it_sees_its_own_variables_only():
    matrix, vector = variables_of([np.zeros([2, 2]), np.zeros([1])], "float32")
    groups = [
        {"name": "counted", "min_ndim": 2, "optimizer": Counting.Config()},
        {"name": "rest", "optimizer": {"use": "sgd", "learning_rate": 1.0}},
    ]
    optimizer = optiplug.create("partition", groups=groups)
    optimizer.apply_gradients([(tf.ones([2, 2]), matrix), (tf.ones([1]), vector)])
    assert matrix.numpy().tolist() == [[-0.5] * 2] * 2
    assert vector.numpy().tolist() == [-1.0]
    assert float(optimizer.state.states["counted/count"].numpy()) == 1
    optimizer.finalize_variable_values([matrix, vector])
    assert (matrix.numpy().tolist(), vector.numpy().tolist()) == ([[0.0] * 2] * 2, [-1.0])
    told = optimizer.explain()["w0"]
    assert [part.name for part in told.parts if part.stage == "post_step"] == ["counted"]


def test_a_slot_for_some_variables_only():
    class SomeConfig(OptimizerConfig):
        """Momentum for matrices."""

        learning_rate: optiplug.NonNegativeScalar = 1.0

    class Some(Optimizer):
        Config = SomeConfig

        def build(self, var_list):
            super().build(var_list)
            matrices = [variable for variable in var_list if variable.shape.rank == 2]
            self.momentum = self.add_slot("momentum", variables=matrices)

        def update_step(self, gradient, variable):
            if variable in self.momentum:
                gradient = self.momentum[variable].assign_add(gradient)
            variable.assign_sub(self.rate(variable) * gradient)

    matrix, vector = variables_of([np.zeros([2, 2]), np.zeros([1])], "float32")
    optimizer = Some()
    for _ in range(2):
        optimizer.apply_gradients([(tf.ones([2, 2]), matrix), (tf.ones([1]), vector)])
    assert [name for name in optimizer.state.states if "momentum" in name] == ["momentum/w0"]
    assert (matrix.numpy()[0, 0], vector.numpy()[0]) == (-3.0, -2.0)

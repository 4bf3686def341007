"""Optimizers inside of an optimizer: one step, state and rates of their own."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from optiplug import ConfigError, Optimizer, OptimizerConfig, hookimpl
from optiplug._optimizer.parts import parts_of
from support.trajectories import assert_same, follow, problem, variables_of

SGD = {"use": "sgd", "learning_rate": 0.1, "momentum": 0.9}
ADAM = {"use": "adam", "learning_rate": 0.02}


class OutsideConfig(OptimizerConfig):
    """Descent for variables of rank 1, and other optimizers for the rest."""

    learning_rate: optiplug.NonNegativeScalar = 0.5
    matrices: OptimizerConfig = SGD
    scalars: OptimizerConfig = ADAM


class Outside(Optimizer):
    Config = OutsideConfig

    def groups(self, variables):
        ranks = {"matrices": 2, "scalars": 0}
        return {
            name: (getattr(self.config, name), [each for each in variables if each.shape.rank == rank])
            for name, rank in ranks.items()
        }

    def build(self, var_list):
        super().build(var_list)
        self.seen = self.add_slot("seen")

    def update_step(self, gradient, variable):
        variable.assign_sub(self.rate(variable) * gradient)
        self.seen[variable].assign_add(tf.ones_like(variable))


OutsideConfig.implementation = Outside
SHAPES = ((), (5,), (4, 3), (2, 2), (3,), ())


def alone(config, chosen, initial, gradients):
    """Follow an optimizer on some of the variables only."""
    own = [initial[place] for place in chosen]
    return follow(
        optiplug.from_config(config),
        own,
        [[each[place] for place in chosen] for each in gradients],
        "float64",
    )


def parts(trajectory, chosen):
    return [[variables[place] for place in chosen] for variables in trajectory]


@pytest.mark.parametrize("jit_compile", [True, False])
def test_each_does_what_it_does_alone(jit_compile):
    initial, gradients = problem(20, SHAPES)
    both = follow(Outside(jit_compile=jit_compile), initial, gradients, "float64")
    for config, chosen in ((SGD, [2, 3]), (ADAM, [0, 5]), ({"use": "sgd", "learning_rate": 0.5}, [1, 4])):
        assert_same(parts(both, chosen), alone(config, chosen, initial, gradients), 1e-15)


def test_state_and_rates_are_named_after_them():
    initial, _ = problem(0, SHAPES)
    optimizer = Outside()
    optimizer.build(variables_of(initial, "float32"))
    assert sorted(optimizer.state.states) == [
        "iterations",
        "learning_rate",
        "matrices/learning_rate",
        "matrices/momentum/w2",
        "matrices/momentum/w3",
        *("scalars/learning_rate", "scalars/momentum/w0", "scalars/momentum/w5"),
        *("scalars/second_moment/w0", "scalars/second_moment/w5", "seen/w1", "seen/w4"),
    ]
    assert parts_of(optimizer).owners().keys() == {"", "matrices", "scalars"}
    report = optimizer.state_report()
    assert report.total == sum(row.bytes for row in report.rows) == 8 + 3 * 4 + 4 * (16 + 4 + 8)


def test_a_rate_inside_can_change_without_a_new_trace():
    (variable,) = variables_of([np.ones([2, 2])], "float32")
    optimizer = Outside(matrices={"use": "sgd", "learning_rate": 0.5})
    for rate, expected in ((0.5, 0.5), (0.25, 0.25)):
        optimizer.build([variable])
        optimizer.nested["matrices"].learning_rate = rate
        optimizer.apply_gradients([(tf.ones([2, 2]), variable)])
        assert variable.numpy().tolist() == [[expected] * 2] * 2
    assert optimizer.trace_count == 1
    assert float(optimizer.learning_rate) == 0.5


def test_keywords_inside_see_their_own_variables_only():
    matrices = {"use": "sgd", "learning_rate": 1.0, "clipnorm": 1.0, "weight_decay": 0.5}
    optimizer = Outside(learning_rate=1.0, matrices=matrices, weight_decay=0.25, clipvalue=6.0)
    matrix, vector = variables_of([np.full([2, 2], 2.0), np.full([2], 2.0)], "float32")
    optimizer.apply_gradients([(tf.fill([2, 2], 8.0), matrix), (tf.fill([2], 8.0), vector)])
    # clipped to 6, then to a norm of 1; decayed by half, and by a quarter.
    assert matrix.numpy().tolist() == [[0.5] * 2] * 2
    assert vector.numpy().tolist() == [1.5 - 6.0] * 2
    told = optimizer.explain()
    chain = [(part.stage, part.name) for part in told["w0"].parts if part.applies]
    assert chain == [
        ("clip", "clip_by_value"),
        ("clip", "matrices/clip_by_norm"),
        ("decay", "matrices/weight_decay"),
        ("update_step", "matrices"),
    ]


def test_averages_inside_are_final_values():
    optimizer = Outside(matrices={"use": "sgd", "learning_rate": 1.0, "use_ema": True, "ema_momentum": 0.5})
    matrix, vector = variables_of([np.ones([2, 2]), np.ones([2])], "float32")
    optimizer.apply_gradients([(tf.ones([2, 2]), matrix), (tf.ones([2]), vector)])
    with optimizer.averaged_weights():
        assert matrix.numpy().tolist() == [[0.5] * 2] * 2
        assert vector.numpy().tolist() == [0.5] * 2
    assert matrix.numpy().tolist() == [[0.0] * 2] * 2


@pytest.mark.slow
def test_small_variables_are_joined_within_a_group():
    initial, gradients = problem(5, SHAPES)
    optimizer = Outside()
    joined = follow(optimizer, initial, gradients, "float32")
    assert [len(pack.members) for pack in parts_of(optimizer).packing.packs] == [2, 2]
    apart = follow(Outside(pack_small_variables=False), initial, gradients, "float32")
    assert_same(joined, apart, 0.0)
    kept = Outside(scalars={**ADAM, "pack_small_variables": False})
    follow(kept, initial, gradients, "float32")
    assert len(parts_of(kept).packing.packs) == 1


def test_an_optimizer_inside_of_one_inside():
    initial, gradients = problem(10, SHAPES)
    groups = [{"name": "inner", "optimizer": SGD}]
    deep = Outside(matrices={"use": "partition", "groups": groups})
    assert_same(
        follow(deep, initial, gradients, "float64"), follow(Outside(), initial, gradients, "float64"), 1e-15
    )
    assert "matrices/inner/momentum/w2" in deep.state.states
    assert sorted(parts_of(deep).owners()) == ["", "matrices", "matrices/inner", "scalars"]


def test_late_variables_join_their_group():
    matrix, other = variables_of([np.ones([2, 2]), np.ones([2, 2])], "float32")
    optimizer = Outside()
    for variables in ([matrix], [matrix, other]):
        optimizer.apply_gradients([(tf.ones([2, 2]), each) for each in variables])
    names = [name for name in optimizer.state.states if "momentum" in name]
    assert names == ["matrices/momentum/w0", "matrices/momentum/w1"]
    np.testing.assert_allclose(matrix.numpy(), 1 - 0.1 - 0.19, rtol=1e-6)
    np.testing.assert_allclose(other.numpy(), 0.9, rtol=1e-6)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"jit_compile": False}, "matrices.jit_compile: belongs to the step"),
        ({"sparse": "lazy"}, "matrices.sparse: belongs to the step"),
        ({"processors": ["skip_non_finite"]}, "matrices.processors: a hook for 'gate' belongs to the step"),
    ],
)
def test_what_belongs_to_the_whole_step_is_refused(fields, message):
    (matrix,) = variables_of([np.ones([2, 2])], "float32")
    with pytest.raises(ConfigError, match=message):
        Outside(matrices={**SGD, **fields}).build([matrix])


def test_a_decay_for_no_variable_is_refused():
    (matrix,) = variables_of([np.ones([2, 2])], "float32")
    with pytest.raises(ConfigError, match=r"weight_decay: no variable is left"):
        Outside(weight_decay=0.1).build([matrix])


def test_there_is_no_rate_for_all_without_a_rate_of_its_own():
    class Asks:
        @hookimpl
        def clip(self, gradients, step):
            return [gradient * step.rate(tf.float32) for gradient in gradients]

    (matrix,) = variables_of([np.ones([2, 2])], "float32")
    groups = [{"name": "all", "optimizer": SGD}]
    optimizer = optiplug.create("partition", groups=groups, processors=[Asks()])
    with pytest.raises(optiplug.HookError, match="ask for that of a variable"):
        optimizer.apply_gradients([(tf.ones([2, 2]), matrix)])

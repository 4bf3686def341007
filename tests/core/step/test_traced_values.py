"""Code of hooks and formulas that wants values while a step is traced is named in the error."""

from __future__ import annotations

import re

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from optiplug import HookError, hookimpl
from optiplug_sgd.sgd import SGD

WANTS = {
    "numpy": lambda value: value.numpy(),
    "float": float,
    "int": int,
    "array": np.asarray,
    "numpy function": np.linalg.norm,
    "item": lambda value: value.item(),
    "format": lambda value: f"{value:.2f}",
    "if": lambda value: 1 if value > 0 else 2,
    "loop": list,
}


def apply(optimizer):
    optimizer.apply_gradients([(tf.constant([1.0, 2.0]), tf.Variable([1.0, 2.0]))])


@pytest.mark.parametrize("of", ["gradient", "variable"])
@pytest.mark.parametrize("stage", ["clip", "gate", "post_step"])
@pytest.mark.parametrize("want", WANTS)
def test_a_hook_that_wants_a_value_is_named(stage, want, of):
    class Wants:
        def do(self, gradients, step):
            WANTS[want](gradients[0] if of == "gradient" and gradients else step.variables[0])
            return gradients

    def hook(self, gradients, step):
        return self.do(gradients, step)

    def last(self, step):
        return self.do([], step)

    method = hookimpl(last if stage == "post_step" else hook)
    processor = type("Wants", (Wants,), {stage: method})()
    with pytest.raises(HookError, match=re.escape(f"hook {stage!r} of 'wants' ({__name__}.Wants)")) as error:
        apply(SGD(jit_compile=False, processors=[processor]))
    assert "Hint: " in str(error.value)
    if of == "gradient" and stage != "post_step":
        assert f"{__file__}:" in str(error.value)


@pytest.mark.parametrize("stage", ["rate", "pre_aggregate", "decay", "update", "finalize"])
def test_every_stage_is_named(stage):
    def hook(self):  # it may leave out all arguments
        raise KeyError("gone")

    optimizer = SGD(jit_compile=False, processors=[type("Broken", (), {stage: hookimpl(hook)})()])
    variable = tf.Variable(1.0)

    def train():
        optimizer.apply_gradients([(tf.constant(1.0), variable)])
        optimizer.finalize_variable_values([variable])

    with pytest.raises(KeyError, match="gone") as error:
        train()
    assert error.value.__notes__ == [f"Raised in hook {stage!r} of 'broken' ({__name__}.Broken)."]


def test_a_formula_that_wants_a_value_is_named():
    class Wants(optiplug.Optimizer):
        def update_step(self, gradient, variable):
            variable.assign_sub(gradient.numpy())

    with pytest.raises(HookError, match=r"the formula of 'Wants', .*no value while it is traced.*assign_sub"):
        apply(Wants(jit_compile=False))


def test_other_errors_of_a_formula_stay():
    class Wrong(optiplug.Optimizer):
        def update_step(self, gradient, variable):
            raise TypeError("mine")

    with pytest.raises(TypeError, match=r"^mine$"):
        apply(Wrong(jit_compile=False))

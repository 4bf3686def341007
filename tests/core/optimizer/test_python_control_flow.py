"""Python's `if` and loops on tensors: converted for classes written for Keras, refused for plugins."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from support.strategies import mirrored


class Written(optiplug.Optimizer):
    """As a class for Keras is written: it decides in Python, and calls methods of its own that do."""

    def build(self, var_list):
        super().build(var_list)
        self.kept = self.add_slot("kept")

    def update_step(self, gradient, variable):
        kept = self.kept[variable]
        if self.iterations % 2 == 0:
            kept.assign(gradient)
        else:
            self.grow(kept, gradient)
        for count in tf.range(3):
            kept.assign_add(gradient * tf.cast(count, gradient.dtype))
        left = tf.constant(2)
        while left > 0:
            variable.assign_sub(kept)
            left -= 1

    def grow(self, kept, gradient):
        if tf.reduce_sum(gradient) > 0:
            kept.assign_add(gradient)


def trained(optimizer, variable, steps=2, scale=1.0):
    for _ in range(steps):
        optimizer.apply_gradients([(tf.fill([2], scale), variable)])
    return variable.numpy().tolist()


EXPECTED = [-2 * 4.0 - 2 * 8.0, 1 - 2 * 4.0 - 2 * 8.0]


@pytest.mark.parametrize("jit_compile", [True, False])
def test_a_class_written_for_keras_decides_in_python(jit_compile):
    optimizer = Written("written", jit_compile=jit_compile)
    assert trained(optimizer, tf.Variable([0.0, 1.0])) == EXPECTED
    assert optimizer.trace_count == 1  # the trace that failed has left nothing behind
    assert optimizer.iterations == 2


def test_it_does_on_two_devices_and_in_a_function():
    strategy = mirrored(2)
    with strategy.scope():
        optimizer, variable = Written("written", jit_compile=False), tf.Variable([0.0, 1.0])
    step = tf.function(lambda: trained_once(strategy, optimizer, variable))
    step()
    step()
    for own in strategy.experimental_local_results(variable):
        np.testing.assert_array_equal(own.numpy(), EXPECTED)


def trained_once(strategy, optimizer, variable):
    strategy.run(lambda: optimizer.apply_gradients([(tf.fill([2], 0.5), variable)]))


def test_all_variables_at_once():
    class Together(optiplug.Optimizer):
        def update_variables(self, gradients, variables):
            for gradient, variable in zip(gradients, variables, strict=True):
                if self.iterations > 0:
                    variable.assign_sub(gradient)

        def update_step(self, gradient, variable):
            raise NotImplementedError

    assert trained(Together("together", jit_compile=False), tf.Variable([0.0, 1.0])) == [-1.0, 0.0]


def test_a_program_that_is_looked_at_before_a_step():
    optimizer = Written("written")
    optimizer.build([tf.Variable([0.0, 1.0])])
    assert "HloModule" in optimizer.compiled_program()


def test_a_class_that_needs_no_conversion_has_none(monkeypatch):
    def refuse(function):
        raise AssertionError(function)

    monkeypatch.setattr("optiplug._optimizer.groups.converted", refuse)

    class Plain(optiplug.Optimizer):
        def update_step(self, gradient, variable):
            variable.assign_sub(gradient)

    assert trained(Plain("plain", jit_compile=False), tf.Variable([0.0, 1.0])) == [-2.0, -1.0]


class PluginConfig(optiplug.OptimizerConfig):
    """A plugin."""


class Plugin(optiplug.Optimizer):
    """Decides in Python, although it has a Config."""

    Config = PluginConfig

    def update_step(self, gradient, variable):
        if self.iterations % 2 == 0:
            variable.assign_sub(gradient)


PluginConfig.implementation = Plugin


class DecidingHook:
    """Decides in Python, whatever the class of the optimizer is."""

    @optiplug.hookimpl
    def clip(self, gradients, step):
        return [each for each in gradients if step.iteration >= 0]


@pytest.mark.parametrize(
    ("make", "line"),
    [
        (lambda: Plugin(jit_compile=False), "if self.iterations % 2 == 0"),
        (
            lambda: Written("w", processors=[DecidingHook()], jit_compile=False),
            "for each in gradients if step",
        ),
    ],
    ids=["plugin", "hook"],
)
def test_a_plugin_must_say_it_in_tensorflow(make, line):
    optimizer, variable = make(), tf.Variable([0.0, 1.0])
    with pytest.raises(
        optiplug.HookError, match=rf"test_python_control_flow.*{line}.*`tf.where` or `tf.cond`"
    ):
        trained(optimizer, variable, steps=1)
    assert variable.numpy().tolist() == [0.0, 1.0]
    assert optimizer.iterations == 0

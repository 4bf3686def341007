"""What classes written for variables do with working ones: compare them, ask them, branch on them."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import optiplug


def stepped(rule, *, steps=1, **fields):
    """Return where [0, 1] ends under a rule that has a slot `kept`, with gradients of one."""

    class Ruled(optiplug.Optimizer):
        def build(self, var_list):
            super().build(var_list)
            self.kept = self.add_slot("kept")

        def update_step(self, gradient, variable):
            rule(self, gradient, variable)

    variable = tf.Variable([0.0, 1.0], name="weight")
    optimizer = Ruled("ruled", **fields)
    for _ in range(steps):
        optimizer.apply_gradients([(tf.ones([2]), variable)])
    return variable.numpy().tolist()


COMPARED = {
    "equal": (lambda variable: variable == 0.0, [-1.0, 1.0]),
    "unequal": (lambda variable: variable != 0.0, [0.0, 0.0]),
}


@pytest.mark.parametrize(("compared", "expected"), COMPARED.values(), ids=COMPARED)
def test_elements_are_compared(compared, expected):
    def rule(optimizer, gradient, variable):
        variable.assign_sub(tf.where(compared(variable), gradient, tf.zeros_like(gradient)))

    assert stepped(rule) == expected


def test_state_is_compared_by_element_and_is_a_key():
    optimizer = optiplug.create("sgd", momentum=0.9)
    optimizer.build([tf.Variable([0.0, 1.0])])
    (state,) = optimizer.momentum
    assert (state == 0.0).numpy().tolist() == [True, True]
    assert {state: 1}[state] == 1


def in_place(optimizer, gradient, variable):
    variable -= gradient


def state_in_place(optimizer, gradient, variable):
    kept = optimizer.kept[variable]
    kept *= 2.0


@pytest.mark.parametrize(
    ("rule", "named"), [(in_place, "weight: .*__isub__"), (state_in_place, "kept/weight: .*__imul__")]
)
def test_an_operator_in_place_is_refused(rule, named):
    with pytest.raises(optiplug.HookError, match=rf"{named}.*`assign_sub`"):
        stepped(rule, jit_compile=False)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_what_a_branch_reads_first_can_be_read_after_it(jit_compile):
    def rule(optimizer, gradient, variable):
        kept = optimizer.kept[variable]
        even = optimizer.iterations % 2 == 0
        kept.assign(tf.cond(even, lambda: kept.value + gradient, lambda: variable.value))
        variable.assign_sub(kept)

    assert stepped(rule, steps=2, jit_compile=jit_compile) == [0.0, 0.0]


def test_a_class_of_keras_2_asks_a_variable_what_it_asks_there():
    class Keeping(optiplug.Optimizer):
        def build(self, var_list):
            super().build(var_list)
            self.by_name = {each.name: self.add_variable_from_reference(each, "n") for each in var_list}
            self.by_id = {each._unique_id: self.add_variable_from_reference(each, "i") for each in var_list}
            self.by_ref = {each.ref(): self.add_variable_from_reference(each, "r") for each in var_list}

        def update_step(self, gradient, variable):
            assert (variable.get_shape(), variable.trainable) == (variable.shape, True)
            assert variable.device.endswith("CPU:0")
            assert variable.value().shape == variable.value.shape == [2]
            assert variable._shared_name == "weight"
            for kept in (self.by_name[variable.name], self.by_id[variable._unique_id]):
                kept.assign(gradient / 2)
                variable.assign_sub(kept)
            for kept in (self.by_ref[variable.ref()],):
                kept.assign(gradient)
                variable.assign_sub(kept)

    weight = tf.Variable([0.0, 1.0], name="weight")
    Keeping("keeping").apply_gradients([(tf.ones([2]), weight)])
    np.testing.assert_array_equal(weight.numpy(), [-2.0, -1.0])

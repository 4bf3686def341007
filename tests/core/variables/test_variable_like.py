"""Every operator and member that a `tf.Variable` has: the same here, or refused with what to write."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import tensorflow as tf
import tf_keras

import optiplug
from optiplug._variables.variable_like import REFUSED

START = [[4.0, -2.0], [3.0, 0.5]]
PLACES, MORE = [[0, 1], [1, 0]], [2.0, -5.0]


def rows(*values):
    """Return rows that all belong to the second row of a variable."""
    return tf.IndexedSlices(tf.constant(values), tf.constant([1] * len(values)))


UNARY = {
    "__abs__": abs,
    "__neg__": lambda v: -v,
    "__getitem__": lambda v: v[1, :1],
    "read_value": lambda v: v.read_value(),
    "read_value_no_copy": lambda v: v.read_value_no_copy(),
    "value": lambda v: v.value(),
    "shape": lambda v: tuple(v.shape),
    "get_shape": lambda v: tuple(v.get_shape()),
    "dtype": lambda v: v.dtype.as_numpy_dtype,
    "name": lambda v: v.name,
    "device": lambda v: v.device,
    "trainable": lambda v: v.trainable,
    "constraint": lambda v: v.constraint,
    "aggregation": lambda v: v.aggregation,
    "synchronization": lambda v: v.synchronization,
    "is_initialized": lambda v: v.is_initialized(),
    "ref": lambda v: v.ref(),
    "experimental_ref": lambda v: v.experimental_ref(),
    "gather_nd": lambda v: v.gather_nd(PLACES),
    "sparse_read": lambda v: v.sparse_read([1, 0, 1]),
    "__bool__": lambda v: bool(v[0, 0] > 0) if tf.executing_eagerly() else None,
    "__array_priority__": lambda v: tf.constant(v.__array_priority__ > 0),
}
NUMBERS = {"__float__": float, "__int__": int, "__complex__": complex, "__bool__": bool}
BINARY = ("add", "sub", "mul", "truediv", "div", "floordiv", "mod", "pow", "matmul")
COMPARED = ("lt", "le", "gt", "ge", "eq", "ne")
LOGICAL = ("and", "or", "xor")
CHANGES = {
    "assign": lambda v: v.assign([[1.0, 2.0], [3.0, 4.0]], read_value=False),
    "assign_add": lambda v: v.assign_add(v, use_locking=False, name="n"),
    "assign_sub": lambda v: v.assign_sub(tf.ones([2, 2])),
    **{
        f"scatter_{name}": lambda v, name=name: getattr(v, f"scatter_{name}")(rows([2.0, 4.0], [8.0, 0.25]))
        for name in ("add", "sub", "mul", "div", "max", "min")
    },
    "scatter_update": lambda v: v.scatter_update(rows([2.0, 4.0])),
    **{
        f"scatter_nd_{name}": lambda v, name=name: getattr(v, f"scatter_nd_{name}")(PLACES, MORE)
        for name in ("add", "sub", "max", "min", "update")
    },
}
IN_PLACE = ("add", "sub", "mul", "truediv", "div", "pow", "realdiv")
# What Python gives every object, what makes the class itself, and what TensorFlow asks of its own.
OF_TENSORFLOW = {
    *dir(object),
    *("__abstractmethods__", "__dict__", "__module__", "__weakref__", "__long__", "__nonzero__"),
    *("__composite_gradient__", "__tf_tracing_type__", "__copy__", "__rdiv__"),
}
ELSEWHERE = {"__array__", "numpy", "__iter__", "__deepcopy__", "__invert__", "__hash__"}


def members():
    """Return the members of a tf.Variable that are not private."""
    private = {name for name in dir(tf.Variable(1.0)) if name.startswith("_") and not name.startswith("__")}
    # Python adds annotations to a class when they are asked for.
    return set(dir(tf.Variable(1.0))) - private - OF_TENSORFLOW - {"__annotations__"}


def test_every_member_is_tried():
    operators = {f"__{side}{name}__" for name in (*BINARY, *LOGICAL) for side in ("", "r")}
    in_place = {f"__i{name}__" for name in IN_PLACE}
    tried = {*UNARY, *NUMBERS, *CHANGES, *REFUSED, *ELSEWHERE} | operators | in_place
    assert members() - tried == set()


def in_step(rule):
    """Call a function with a variable of a step, which starts as START."""

    class Ruled(optiplug.Optimizer):
        def update_step(self, gradient, variable):
            rule(variable)

    variable = tf.Variable(START, name="weight")
    Ruled("ruled", jit_compile=False).apply_gradients([(tf.ones([2, 2]), variable)])
    return variable


def state_in_step(rule):
    """Call a function with a state in a step, which starts as START."""

    class Ruled(optiplug.Optimizer):
        def build(self, var_list):
            super().build(var_list)
            self.kept = self.add_state("kept", shape=(2, 2), initial=lambda: tf.constant(START))

        def update_step(self, gradient, variable):
            rule(self.kept)

    optimizer = Ruled("ruled", jit_compile=False)
    optimizer.apply_gradients([(tf.ones([]), tf.Variable(1.0))])
    return optimizer.kept


def state_outside(rule):
    """Call a function with a state outside of a step, which starts as START."""
    optimizer = optiplug.create("sgd")
    state = optimizer.add_state("kept", shape=(2, 2), initial=lambda: tf.constant(START))
    rule(state)
    return state


def segment(rule):
    """Call a function with state of one of several variables that are joined."""
    optimizer = optiplug.create("sgd", momentum=0.9)
    optimizer.build([tf.Variable(START, name="weight"), tf.Variable(START)])
    piece = next(each for each in optimizer.variables if each.name == "momentum/weight:0")
    piece.assign(START)
    rule(piece)
    return piece


PLACES_OF_ONE = {
    "working": in_step,
    "state_in_step": state_in_step,
    "state": state_outside,
    "segment": segment,
}
every_place = pytest.mark.parametrize("call", PLACES_OF_ONE.values(), ids=PLACES_OF_ONE)
SAME = {"name", "ref", "experimental_ref", "device", "trainable", "aggregation", "synchronization"}


@every_place
def test_values_are_those_of_a_variable(call):
    expected = {name: read(tf.Variable(START)) for name, read in UNARY.items() if name not in SAME}

    def rule(variable):
        for name, value in expected.items():
            read = UNARY[name](variable)
            if tf.is_tensor(value):
                tf.debugging.assert_equal(read, value, message=name)
            elif value is not None and not (name == "__bool__" and read is None):
                assert read == value, name
        other = tf.constant([[2.0, 2.0], [0.5, 1.0]])
        for name in (*BINARY, *COMPARED):
            sides = [name] if name in COMPARED or name == "div" else [name, f"r{name}"]
            for side in sides:
                value = getattr(tf.constant(START), f"__{side}__")(other)
                tf.debugging.assert_equal(getattr(variable, f"__{side}__")(other), value, message=side)

    call(rule)


@every_place
def test_it_says_what_it_is(call):
    def rule(variable):
        assert variable.name.endswith(":0")
        assert not variable.name.startswith("scratch")
        assert variable.name == f"{variable.path}:0"
        assert variable.device.endswith("CPU:0")
        assert variable.trainable == (call is in_step)
        kept = tf.VariableAggregation.NONE if call is in_step else tf.VariableAggregation.ONLY_FIRST_REPLICA
        assert variable.aggregation == kept
        assert variable.synchronization == tf.VariableSynchronization.AUTO
        assert variable.ref() == variable.experimental_ref()
        assert {variable.ref(): 1, variable: 2}[variable] == 2

    call(rule)


@every_place
@pytest.mark.parametrize("name", CHANGES)
def test_it_is_changed_as_a_variable_is(call, name):
    expected = tf.Variable(START)
    CHANGES[name](expected)

    def rule(variable):
        assert CHANGES[name](variable) is variable

    np.testing.assert_array_equal(call(rule).numpy(), expected.numpy())


@every_place
@pytest.mark.parametrize("name", REFUSED)
def test_what_makes_no_sense_is_refused(call, name):
    def rule(variable):
        assert not hasattr(variable, name)  # so that code which asks first goes on without
        with pytest.raises(optiplug.HookError, match=f"`{name}` of a tf.Variable.*Hint: "):
            getattr(variable, name)

    call(rule)


@every_place
@pytest.mark.parametrize("name", [*IN_PLACE, *LOGICAL, "floordiv", "mod", "matmul"])
def test_operators_in_place_are_refused(call, name):
    def rule(variable):
        with pytest.raises(optiplug.HookError, match=f"__i{name}__.*`assign_sub`"):
            getattr(variable, f"__i{name}__")(1.0)

    call(rule)


@every_place
def test_it_cannot_be_iterated_over_or_copied(call):
    def rule(variable):
        with pytest.raises(optiplug.HookError, match=r"tf\.unstack"):
            iter(variable)
        with pytest.raises(optiplug.HookError, match="read_value"):
            copy.deepcopy(variable)
        with pytest.raises(optiplug.HookError, match="IndexedSlices"):
            variable.scatter_add(tf.ones([2, 2]))

    call(rule)


@pytest.mark.parametrize("call", [in_step, state_in_step])
def test_in_a_step_it_is_no_number(call):
    def rule(variable):
        for read in (np.asarray, lambda each: each.numpy(), lambda each: np.add(each, 1)):
            with pytest.raises((optiplug.HookError, TypeError)):
                read(variable)
        with pytest.raises(tf.errors.OperatorNotAllowedInGraphError):
            bool(variable[0, 0])

    call(rule)


@pytest.mark.parametrize("call", [state_outside, segment])
def test_outside_of_a_step_it_is_a_number(call):
    def rule(variable):
        variable.assign(tf.fill([2, 2], 2.5))
        np.testing.assert_array_equal(np.asarray(variable), np.full([2, 2], 2.5))
        np.testing.assert_array_equal(variable.numpy(), np.full([2, 2], 2.5))

    call(rule)


def test_a_scalar_is_a_number_to_python():
    state = optiplug.create("sgd").add_state("kept", initial=2.5)
    assert [read(state) for read in NUMBERS.values()] == [2.5, 2, 2.5 + 0j, True]


def test_a_state_of_booleans_has_their_operators():
    def flags(values):
        return optiplug.create("sgd").add_state(
            "kept", shape=[2], dtype=tf.bool, initial=lambda: tf.constant(values)
        )

    one, other = flags([True, False]), tf.constant([True, True])
    results = [one & other, one | other, one ^ other, ~one, other & one, other | one, other ^ one]
    assert [each.numpy().tolist() for each in results] == [
        *([True, False], [True, True], [False, True], [False, True]),
        *([True, False], [True, True], [False, True]),
    ]


def test_what_stands_for_several_variables_has_no_reference():
    class Asking(optiplug.Optimizer):
        class Config(optiplug.OptimizerConfig):
            elementwise = True

        def update_step(self, gradient, variable):
            assert variable.trainable
            variable.ref()

    Asking.Config.implementation = Asking
    variables = [tf.Variable([1.0], name=name) for name in "ab"]
    with pytest.raises(optiplug.HookError, match="pack_small_variables=False"):
        Asking(name="asking").apply_gradients([(tf.ones([1]), each) for each in variables])


def test_keras_reads_its_value():
    np.testing.assert_array_equal(tf_keras.backend.get_value(state_outside(lambda _: None)), START)

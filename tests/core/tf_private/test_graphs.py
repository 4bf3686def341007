"""Graphs: each private name of TensorFlow is there, and does what is expected of it."""

from __future__ import annotations

import subprocess
import sys

import pytest
import tensorflow as tf

from optiplug import _tf_private as private
from support.strategies import mirrored


def test_xla_is_asked_for_its_kernels():
    tf.constant(1.0)  # kernels of XLA are registered when there are devices
    assert private.xla_compiles("MatMul", "CPU")
    assert not private.xla_compiles("PyFunc", "CPU")


def test_a_variable_is_created_in_any_trace_of_a_function():
    created = []

    @tf.function
    def create(number):
        with private.outside_function():
            if len(created) < number:
                created.append(tf.Variable(float(number)))
        return number

    for number in (1, 2):
        create(number)
    assert [float(each) for each in created] == [1.0, 2.0]


class Sevens(private.TensorStandIn):
    def read_value(self):
        return tf.fill([2], 7.0)


def test_a_stand_in_is_a_tensor_and_a_dependency():
    thing = Sevens()
    assert tf.is_tensor(thing)

    @tf.function
    def depend():
        with tf.control_dependencies([thing]):
            return tf.no_op().control_inputs[0].type

    assert depend() is not None


def test_a_stand_in_is_an_argument_by_itself():
    traced = []

    @tf.function
    def function(thing):
        traced.append(thing)
        return thing.read_value()

    one, other = Sevens(), Sevens()
    for each in (one, other, one, other):
        function(each)
    assert traced == [one, other]
    kind = one.__tf_tracing_type__(None)
    assert kind.most_specific_common_supertype([kind]) is kind
    assert kind.most_specific_common_supertype([other.__tf_tracing_type__(None)]) is None


def test_a_stand_in_says_itself_what_it_is():
    with pytest.raises(NotImplementedError):
        private.TensorStandIn().read_value()


def test_a_plain_variable_under_a_strategy_and_in_a_function():
    made = []

    @tf.function
    def function(number):
        if len(made) < number:
            made.append(private.plain_variable([2], tf.float32, "CPU:1", "plain"))
        return number

    with mirrored(2).scope():
        for number in (1, 2):
            function(number)
    assert [each.device[-5:] for each in made] == ["CPU:1", "CPU:1"]
    assert not any(hasattr(each, "values") for each in made)


def test_constructs_around_a_graph_are_told_apart():
    told = []

    @tf.function
    def outer():
        step = tf.compat.v1.get_default_graph()

        def tell():
            told.append(private.branching(tf.compat.v1.get_default_graph(), step))
            return tf.constant(1)

        tf.cond(tf.constant(True), tell, tell)
        tf.while_loop(lambda count: count < 1, lambda count: count + tell(), [tf.constant(0)])
        tf.function(tell, autograph=False)()
        tell()

    outer()
    assert told[:3] == [["tf.cond"], ["tf.cond"], ["a loop"]]
    assert told[-2][0].startswith("the function ")
    assert told[-1] == []


def test_what_a_function_uses_is_seen():
    used, other = tf.Variable(1.0), tf.Variable(1.0)
    graph = tf.function(lambda: used + 1.0).get_concrete_function().graph
    assert private.captured_by(graph, [other, used])
    assert not private.captured_by(graph, [other])


def test_what_stands_for_a_tensor_in_a_branch_is_told():
    outside, found = tf.constant([1.0, 2.0]), []

    @tf.function
    def function(flag):
        made = outside * 2.0

        def inside():
            stand_in = (made + 1.0).op.inputs[0]
            found.append((private.captured_tensor(stand_in) is made, stand_in is made))
            return made

        return tf.cond(flag, inside, lambda: made)

    function.get_concrete_function(tf.TensorSpec([], tf.bool))
    assert found == [(True, False)]
    assert private.captured_tensor(outside) is outside


def test_the_strategy_of_a_variable_is_known():
    strategy = tf.distribute.OneDeviceStrategy("/cpu:0")
    with strategy.scope():
        variable = tf.Variable(1.0)
    assert private.creating_strategy(variable) is strategy
    assert private.creating_strategy(tf.Variable(1.0)) is None


def test_a_variable_has_a_key_of_its_own():
    one, other = tf.Variable(1.0), tf.Variable(1.0)
    assert private.unique_id(one) == private.unique_id(one) != private.unique_id(other)


def test_a_converted_function_decides_by_tensors():
    def absolute(value):
        if value < 0:
            return -value
        return value

    traced = tf.function(private.converted(absolute), autograph=False)
    assert float(traced(tf.constant(-2.0))) == 2.0


def test_our_code_is_kept_from_autograph_by_one_rule():
    from tensorflow.python.autograph.core import config

    for _ in range(2):
        private.keep_from_autograph("optiplug")
    assert sum("optiplug" in str(rule) for rule in config.CONVERSION_RULES) == 1


def test_a_tensor_of_another_function_is_known_by_its_error():
    kept = []
    tf.function(lambda: kept.append(tf.constant(1.0)))()
    with pytest.raises((TypeError, ValueError)) as caught:
        tf.function(lambda: kept[0] + 1.0)()
    assert private.is_out_of_scope(caught.value)
    assert not private.is_out_of_scope(TypeError("another"))


def test_a_graph_with_those_around_it():
    found = []

    def look():
        found.append([each.name for each in private.with_outer(tf.compat.v1.get_default_graph())])
        return tf.constant(0)

    @tf.function(autograph=False)
    def inner():
        return tf.cond(tf.constant(True), look, look)

    @tf.function(autograph=False)
    def outer():
        look()
        return inner()

    outer()
    assert found[0] == ["outer"]
    assert found[1][1:] == ["inner", "outer"]
    assert private.with_outer(graph := tf.Graph()) == [graph]


def test_tensorflow_begins_with_its_first_operation():
    program = (
        "import tensorflow as tf\nfrom optiplug import _tf_private as private\n"
        "print(private.has_begun())\ntf.zeros([])\nprint(private.has_begun())"
    )

    printed = subprocess.check_output([sys.executable, "-c", program], text=True)

    assert printed.split() == ["False", "True"]


def test_a_signature_is_that_of_dtype_and_shape():
    assert private.signature(tf.ones([2, 3])) == private.signature(tf.zeros([2, 3]))
    others = [tf.ones([3, 2]), tf.ones([6]), tf.ones([2, 3], tf.float16), tf.constant(1.0)]
    assert len(set(map(private.signature, [tf.ones([2, 3]), *others]))) == 5

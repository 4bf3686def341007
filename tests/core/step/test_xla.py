"""What XLA cannot compile, and what is not to be compiled."""

import numpy as np
import pytest
import tensorflow as tf

from optiplug import hookimpl
from optiplug_sgd.sgd import SGD

EVERYTHING = {
    "momentum": 0.9,
    "nesterov": True,
    "global_clipnorm": 1.0,
    "weight_decay": 0.01,
    "use_ema": True,
    "ema_overwrite_frequency": 5,
}


def compiled_calls(function, *arguments):
    """Return the nodes of a traced function, nested ones included, that are compiled by XLA."""
    graph = function.get_concrete_function(*arguments).graph.as_graph_def()
    nodes = [*graph.node, *(node for each in graph.library.function for node in each.node_def)]
    return [node for node in nodes if node.op.endswith("PartitionedCall") and node.attr["_XlaMustCompile"].b]


def test_what_xla_refuses_runs_uncompiled_with_a_warning():
    class Logs:
        @hookimpl
        def clip(self, gradients):
            return [
                tf.ensure_shape(tf.py_function(lambda x: x * 2, [g], g.dtype), g.shape) for g in gradients
            ]

    optimizer, variable = SGD(1.0, processors=[Logs()]), tf.Variable(5.0)
    with pytest.warns(UserWarning, match=r"XLA cannot compile.*EagerPyFunc \(logs/"):
        optimizer.apply_gradients([(tf.constant(1.0), variable)])
    optimizer.apply_gradients([(tf.constant(1.0), variable)])
    assert float(variable) == 1.0


def test_jit_compile_false_gives_the_same_without_a_cluster():
    values = {}
    for jit_compile in (True, False):
        optimizer, variable = SGD(0.1, jit_compile=jit_compile, **EVERYTHING), tf.Variable([1.0, 2.0])

        @tf.function
        def step(gradient, optimizer=optimizer, variable=variable):
            optimizer.apply_gradients([(gradient, variable)])

        for _ in range(7):
            step(tf.constant([0.5, -0.5]))
        assert len(compiled_calls(step, tf.constant([0.5, -0.5]))) == jit_compile
        values[jit_compile] = variable.numpy()
    np.testing.assert_allclose(values[True], values[False], rtol=1e-6)


class Checks:
    @hookimpl
    def clip(self, gradients):
        tf.debugging.assert_less(tf.reduce_max(gradients[0]), 2.0)
        return gradients


@pytest.mark.parametrize("gates", [[], ["skip_non_finite"]], ids=["no gate", "a gate"])
def test_assertions_are_said_to_be_left_out(gates):
    optimizer, variable = SGD(1.0, processors=[*gates, Checks()]), tf.Variable(5.0)
    with pytest.warns(UserWarning, match=r"leaves assertions out.*: checks/.*jit_compile=False") as told:
        optimizer.apply_gradients([(tf.constant(1.0), variable)])
    assert len(told) == 1
    optimizer.apply_gradients([(tf.constant(3.0), variable)])
    assert float(variable) == 1.0


def test_assertions_hold_where_nothing_is_compiled():
    optimizer, variable = SGD(1.0, processors=[Checks()], jit_compile=False), tf.Variable(5.0)
    with pytest.raises(tf.errors.InvalidArgumentError):
        optimizer.apply_gradients([(tf.constant(3.0), variable)])
    assert float(variable) == 5.0

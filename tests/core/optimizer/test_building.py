"""Building an optimizer for the variables of a model."""

import threading

import numpy as np
import pytest
import tensorflow as tf

from optiplug_sgd.sgd import SGD
from support.strategies import mirrored


def test_build_is_idempotent():
    optimizer, variable = SGD(momentum=0.5, use_ema=True), tf.Variable(1.0)
    optimizer.build([variable])
    names = list(optimizer.state.states)
    optimizer.apply_gradients([(tf.constant(1.0), variable)])
    optimizer.build([variable])
    optimizer.apply_gradients([(tf.constant(1.0), variable)])
    assert optimizer.trace_count == 1
    assert list(optimizer.state.states) == names
    assert names == ["iterations", "learning_rate", "ema/average/Variable", "momentum/Variable"]


@pytest.mark.parametrize("graph", [False, True], ids=["eager", "graph"])
def test_a_first_step_on_replicas_restores_what_waits(graph, tmp_path):
    """Small variables are joined, and what is joined was assigned in the thread of one replica."""

    def run(strategy):
        with strategy.scope():
            variables = [tf.Variable([1.0, 2.0], name=name) for name in ("one", "two")]
            optimizer = SGD(learning_rate=0.5, momentum=0.5)
        return optimizer, variables, tf.train.Checkpoint(optimizer=optimizer, variables=variables)

    def step(optimizer, variables):
        optimizer.apply_gradients([(tf.ones(2), each) for each in variables])

    source, variables, checkpoint = run(mirrored(2))
    source.build(variables)
    mirrored(2).run(step, args=(source, variables))
    optimizer, restored, again = run(mirrored(2))
    again.read(checkpoint.write(str(tmp_path / "saved")))
    on_replicas = lambda: mirrored(2).run(step, args=(optimizer, restored))  # noqa: E731
    # In a thread, as nothing ends a wait of two threads for each other.
    first = threading.Thread(target=tf.function(on_replicas) if graph else on_replicas, daemon=True)
    first.start()
    first.join(60)
    assert not first.is_alive()
    mirrored(2).run(step, args=(source, variables))
    names = [name for name in source.state.states if name.startswith("momentum")]
    assert len(names) == 2
    for name in names:
        np.testing.assert_array_equal(optimizer.state.states[name], source.state.states[name])

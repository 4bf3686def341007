"""Which gradients replicas sum by shares: here none, and on two workers those of shared variables."""

import pytest
import tensorflow as tf

import optiplug
from optiplug._optimizer.gradient_sums import sum_shares
from optiplug._optimizer.parts import parts_of
from support.strategies import mirrored


@pytest.mark.parametrize("sharded", [True, False])
def test_the_devices_of_one_process_sum_whole_gradients(sharded):
    with mirrored(2).scope():
        kernel = tf.Variable(tf.ones([300, 64]), name="kernel")
        optimizer = optiplug.create("adam", sharded_state=sharded)
        optimizer.build([kernel])
    found = []

    def replica_step():
        pairs = [(tf.ones([300, 64]), kernel)]
        found.append((pairs, sum_shares(parts_of(optimizer), pairs)))

    mirrored(2).run(replica_step)
    assert [sums for _, (sums, _) in found] == [[], []]
    assert all(others is pairs for pairs, (_, others) in found)

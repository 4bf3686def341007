"""The coordination service: each private name of TensorFlow is there, and does what is expected of it."""

import tensorflow as tf

from optiplug import _tf_private as private


def test_a_process_alone_is_not_coordinated():
    assert not private.are_coordinated()


def test_the_timeout_of_collectives_is_that_of_the_strategy():
    strategy = tf.distribute.MultiWorkerMirroredStrategy
    options = tf.distribute.experimental.CommunicationOptions(timeout_seconds=7)
    assert private.collective_timeout(strategy()) is None
    assert private.collective_timeout(strategy(communication_options=options)) == 7


def test_texts_are_shared(two_workers):
    for result in two_workers("shared_texts"):
        assert result == {"mine": "from 0", "theirs": "from 1", "missing": None}

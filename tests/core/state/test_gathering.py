"""State that is read together when a save asks for the first of it."""

import tensorflow as tf

from optiplug._state.gathering import Gathering


def test_all_are_read_once_for_each_save():
    reads = []

    def read(states):
        reads.append(list(states))
        return [tf.constant(each) for each in states]

    gathering = Gathering(read)
    for each in (1, 2):
        assert gathering.add(each) == each
    for _ in range(2):
        readers = [gathering.later(each) for each in (2, 1)]
        assert [int(each()) for each in readers] == [2, 1]
    assert reads == [[1, 2]] * 2

"""Shards of a variable are found from the whole, and the whole from each of them."""

import tensorflow as tf

from optiplug import _distribution as distribution
from support.sharded_models import sharded, values


def test_shards_and_their_whole():
    whole, plain = sharded([[1.0], [2.0], [3.0]], 2), tf.Variable([1.0])
    assert distribution.is_sharded(whole)
    assert not distribution.is_sharded(plain)
    assert distribution.any_sharded([plain, whole])
    assert not distribution.any_sharded([plain, *whole.variables])
    first, second = distribution.shards_of(whole)
    assert first.shape == (2, 1)
    assert second.shape == (1, 1)
    assert distribution.whole_of(second) is whole
    assert distribution.whole_of(plain) is None
    assert distribution.shards_of(plain) == [plain]


def test_one_shard_brings_all():
    whole, plain = sharded([1.0, 2.0, 3.0], 3), tf.Variable(1.0)
    last = whole.variables[-1]
    found = distribution.all_shards([last, plain, whole])
    assert list(map(id, found)) == list(map(id, [*whole.variables, plain]))


def test_joined_shards_are_a_whole():
    shards = [tf.Variable([1.0]), tf.Variable([2.0, 3.0])]
    whole = distribution.as_whole(shards)
    assert values(whole).tolist() == [1.0, 2.0, 3.0]
    assert distribution.whole_of(shards[0]) is whole

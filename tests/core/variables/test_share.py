import numpy as np
import pytest
import tensorflow as tf

from optiplug._variables.share import Share

SIZES = [((131, 126), 4), ((9, 2, 1000), 2), ((7,), 4), ((5,), 4), ((3,), 8)]


@pytest.mark.parametrize(("shape", "replicas"), SIZES)
def test_shares_are_the_whole(shape, replicas):
    """Also where the last replicas have elements of others, or no other ones."""
    member = tf.Variable(np.random.default_rng(0).normal(size=shape))
    share = Share(member, "share:0", "", replicas)
    own = [share.of(member, index) for index in range(replicas)]
    assert {tuple(each.shape) for each in own} == {tuple(share.shape)}
    assert share.shape[0] == -(-np.prod(shape) // replicas)
    np.testing.assert_array_equal(share.whole(tf.concat(own, 0)), member)
    np.testing.assert_array_equal(share.whole(tf.stack(own)), member)


def test_shares_that_cannot_be_divided_overlap():
    share = Share(tf.Variable(tf.range(7.0)), "share:0", "", 4)
    assert [share.of(share.member, index).numpy().tolist() for index in (2, 3)] == [[4.0, 5.0], [5.0, 6.0]]


def test_only_state_of_its_shape_is_shared():
    share = Share(tf.Variable(tf.ones([4, 3])), "share:0", "", 2)
    assert share.state_shape([tf.TensorShape([4, 3])], "") == [6]
    assert share.state_shape([tf.TensorShape([4])], "") is None

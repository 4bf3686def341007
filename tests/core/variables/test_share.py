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
    np.testing.assert_array_equal(share.rows(member), tf.stack(own))


def test_shares_that_cannot_be_divided_overlap():
    share = Share(tf.Variable(tf.range(7.0)), "share:0", "", 4)
    assert [share.of(share.member, index).numpy().tolist() for index in (2, 3)] == [[4.0, 5.0], [5.0, 6.0]]


def test_only_state_of_its_shape_is_shared():
    share = Share(tf.Variable(tf.ones([4, 3])), "share:0", "", 2)
    assert share.state_shape([tf.TensorShape([4, 3])], "") == [6]
    assert share.state_shape([tf.TensorShape([4])], "") is None


@pytest.mark.parametrize("shape", [(6,), (2, 3), (3, 2)])
def test_a_share_is_told_from_the_whole(shape):
    """Also from a whole that has the shape of the shares of all replicas."""
    share = Share(tf.Variable(tf.ones(shape)), "share:0", "", 2)
    assert share.is_share(tf.ones([3]))
    assert not share.is_share(tf.ones(shape))
    assert not share.is_share(
        tf.IndexedSlices(tf.ones([1, *shape[1:]]), tf.constant([0]), tf.constant(shape))
    )
    # On one replica there is no difference.
    assert not Share(tf.Variable(tf.ones([6])), "share:0", "", 1).is_share(tf.ones([6]))

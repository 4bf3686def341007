"""What is computed of a variable on a parameter server is placed beside it; no server has to run for it."""

import pytest
import tensorflow as tf

from optiplug import _distribution as distribution

FIRST, SECOND = (f"/job:ps/replica:0/task:{task}/device:CPU:0" for task in (0, 1))


def placed(device, shape):
    with tf.device(device):
        return tf.zeros(shape)


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as graph:
        yield graph


def test_the_largest_input_tells():
    small, large = placed(FIRST, [2, 1]), placed(SECOND, [2, 9])
    with distribution.beside_inputs():
        assert (small + large).device == SECOND
        assert (small * 2.0).device == FIRST
        assert tf.reduce_sum(large).device == SECOND
        assert (small + placed("/device:CPU:0", [2, 9])).device == FIRST
    assert (small + large).device == ""


def test_scalars_tell_nothing():
    norm = placed(FIRST, [])
    with distribution.beside_inputs():
        assert (norm + placed(SECOND, [])).device == ""
        assert (norm * placed(SECOND, [4])).device == SECOND


def test_what_has_no_place_is_left_alone():
    with distribution.beside_inputs():
        assert (tf.zeros([3]) + tf.ones([3])).device == ""


def test_a_place_that_is_asked_for_stays():
    with distribution.beside_inputs(), tf.device("/job:worker/task:0/device:CPU:0"):
        assert "worker" in (placed(FIRST, [4]) * 2.0).device


def test_colocation_around_gives_way():
    first, second = placed(FIRST, [4]), placed(SECOND, [4])
    graph = tf.compat.v1.get_default_graph()
    with graph.colocate_with(first.op), distribution.beside_inputs():
        assert (second * 2.0).device == SECOND


def test_a_branch_knows_what_is_around_it(graph):
    large, devices = placed(SECOND, [8]), []

    def yes():
        doubled = large * 2.0
        devices.append(doubled.device)
        return doubled

    with distribution.beside_inputs():
        tf.cond(tf.compat.v1.placeholder(tf.bool), yes, lambda: large)
    assert devices == [SECOND]


def test_no_place_in_eager_mode():
    with tf.init_scope(), distribution.beside_inputs():
        assert "ps" not in (tf.ones([2]) * 2.0).device
        variable = tf.Variable([1.0])
        assert not distribution.is_served(variable)
        assert distribution.uncompiled(variable) == ""
        tensor = tf.ones([1])
        assert distribution.brought(tensor, variable) is tensor

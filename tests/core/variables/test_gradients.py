"""What may be given as pairs of a gradient and a variable."""

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from optiplug_sgd.sgd import SGD

MALFORMED = [3, [3], [(1.0,)], [(1.0, 2.0)], [(1.0, np.ones(1))], [None]]


@pytest.mark.parametrize("pairs", MALFORMED, ids=repr)
def test_malformed_pairs_are_a_type_error(pairs):
    with pytest.raises(TypeError):
        SGD().apply_gradients(pairs)


def test_a_variable_given_twice_is_refused():
    variable = tf.Variable(1.0)
    with pytest.raises(TypeError, match="each variable must appear once"):
        SGD().apply_gradients([(tf.constant(1.0), variable)] * 2)


@pytest.mark.parametrize("sparse", ["exact", "lazy"])
def test_rows_of_half_precision_are_summed_in_single_precision(sparse):
    """In float16, 2048 + 1 is 2048."""
    variable = tf.Variable(tf.zeros([3, 1], tf.float16))
    gradient = tf.IndexedSlices(tf.ones([3072, 1], tf.float16), tf.fill([3072], 1), tf.constant([3, 1]))
    optiplug.create("sgd", learning_rate=1.0, sparse=sparse).apply_gradients([(gradient, variable)])
    np.testing.assert_array_equal(variable.numpy(), [[0], [-3072], [0]])

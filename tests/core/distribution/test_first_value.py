"""A first value has the dtype of its variable, without a detour."""

from __future__ import annotations

import pytest
import tensorflow as tf

from optiplug._distribution.first_value import first_value


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_it_has_the_dtype_that_is_asked_for(dtype):
    for start in (0.5, tf.constant([0.5])):
        value = first_value(lambda start=start: start, tf.as_dtype(dtype))
        assert value.dtype == dtype
        assert tf.reduce_all(value == tf.cast(0.5, dtype))


def test_a_number_is_not_rounded_on_its_way_to_double_precision():
    assert first_value(lambda: 0.1, tf.float64).numpy() == 0.1
    assert first_value(lambda: tf.constant(0.1), tf.float64).numpy() != 0.1

"""The small training that checks compare: gradients, starts and what is kept of them."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from optiplug.testing.subjects import DescentConfig
from optiplug.testing.training import SHAPES, STEPS, Training, compare, gradients, reference, sliced


@pytest.mark.parametrize("step", range(STEPS))
def test_rows_add_up_to_the_dense_gradient(step):
    dense, rows = gradients(step), sliced(step)

    assert isinstance(rows["encoder/table"], tf.IndexedSlices)
    assert len(set(rows["encoder/table"].indices.numpy())) < len(rows["encoder/table"].indices)
    for name, value in dense.items():
        np.testing.assert_array_equal(tf.convert_to_tensor(rows[name]), value)


def test_gradients_are_exact_in_single_precision_and_differ():
    for step in range(STEPS):
        for value in gradients(step).values():
            np.testing.assert_array_equal(value * 64, np.round(value * 64))
    assert (gradients(0)["decoder/kernel"] != gradients(1)["decoder/kernel"]).any()


def test_a_variable_starts_alike_whatever_the_order():
    forth = Training(DescentConfig()).model_values()
    back = Training(DescentConfig(), shapes=dict(reversed(SHAPES.items()))).model_values()

    assert list(forth) == list(reversed(back))
    compare(back, forth, "in another order")


def test_a_run_takes_the_steps_that_it_is_told():
    whole, halves = Training(DescentConfig()).run(), Training(DescentConfig()).run(last=2)

    assert int(halves.optimizer.iterations) == 2
    compare(halves.run(2).values(), whole.values(), "in two halves")


def test_a_reference_is_kept_for_its_very_config():
    config, equal = DescentConfig(), DescentConfig()

    assert reference(config) is reference(config)
    assert reference(config) is not reference(equal)
    assert reference(config) is not reference(config, compiled=False)
    assert reference(config).optimizer.config.jit_compile
    assert not reference(config, compiled=False).optimizer.config.jit_compile


def test_a_difference_is_told_by_name():
    with pytest.raises(AssertionError, match="here: the names of state differ"):
        compare({"a": np.zeros(1)}, {"b": np.zeros(1)}, "here")
    with pytest.raises(AssertionError, match="here: a differs"):
        compare({"a": np.ones(1)}, {"a": np.zeros(1)}, "here")
    compare({"a": np.full(1, 1e-7)}, {"a": np.zeros(1)}, "here", 1e-6)

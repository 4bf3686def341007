"""The small training that checks compare: gradients, starts and what is kept of them."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from optiplug import registry
from optiplug.testing.subjects import DescentConfig
from optiplug.testing.training import (
    SHAPES,
    STEPS,
    Training,
    compare,
    gradients,
    reference,
    restarted,
    sliced,
)


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


def test_a_reference_is_kept_for_equal_configs_of_one_class():
    class Other(DescentConfig):
        """The same fields in a class of its own."""

    assert reference(DescentConfig()) is reference(DescentConfig())
    assert reference(DescentConfig()) is not reference(DescentConfig(learning_rate=0.5))
    assert reference(DescentConfig()) is not reference(Other())
    assert reference(DescentConfig()) is not reference(DescentConfig(), compiled=False)
    assert reference(DescentConfig()).optimizer.config.jit_compile
    assert not reference(DescentConfig(), compiled=False).optimizer.config.jit_compile


def test_a_training_that_starts_again_ends_as_a_new_one():
    config = registry.get("optimizers", "adam")(use_ema=True)
    used = restarted(config).run()
    used.optimizer.learning_rate = 0.5
    again = restarted(config)

    assert again is used
    compare(again.run().values(), Training(config, jit_compile=False).run().values(), "again", 1e-6)
    assert again.optimizer.trace_count == 1


def test_a_reference_stays_when_its_training_goes_on():
    config = registry.get("optimizers", "adam")()
    before = {name: np.array(value) for name, value in reference(config, compiled=False).values().items()}
    restarted(config).run(last=1)

    compare(reference(config, compiled=False).values(), before, "after steps of another check")


def test_a_difference_is_told_by_name():
    with pytest.raises(AssertionError, match="here: the names of state differ"):
        compare({"a": np.zeros(1)}, {"b": np.zeros(1)}, "here")
    with pytest.raises(AssertionError, match="here: a differs"):
        compare({"a": np.ones(1)}, {"a": np.zeros(1)}, "here")
    compare({"a": np.full(1, 1e-7)}, {"a": np.zeros(1)}, "here", 1e-6)

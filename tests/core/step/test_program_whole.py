"""A step that fails at run time changes nothing: no variable, no state, no count."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from optiplug import hookimpl
from optiplug._optimizer.parts import parts_of
from optiplug.testing.training import apply_as_scaled
from support.meshes import laid_out, mesh, whole
from support.strategies import mirrored, on_every_device

ROWS = [4, 2]
SHAPES = {"table": ROWS, "one": [3], "other": [2], "big": [200, 100]}
GATES = [{"use": "accumulate", "steps": 2}, "loss_scale"]


class Fails:
    """Whatever the test says, once everything else is there."""

    def __init__(self, fail):
        self.fail, self.broken = fail, tf.Variable(False, trainable=False)

    @hookimpl
    def post_step(self, step):
        broken, graph = self.broken.read_value(), tf.compat.v1.get_default_graph()
        with tf.control_dependencies(graph.get_operations()):
            self.fail(broken, step)


def asserts(broken, step):
    tf.debugging.assert_equal(broken, False, "told to fail")


def raises(broken, step):
    def function(flag):
        if flag:
            raise ValueError("told to fail")
        return flag

    tf.py_function(function, [broken], tf.bool)


def reshapes(broken, step):
    """Assign a value whose shape turns out to be another."""
    big = step.variables[-1]
    big.assign(big.value[: tf.where(broken, 100, 200)])


class Problem:
    """Variables with an optimizer, at a place."""

    def __init__(self, variable, hook=None, **config):
        self.variables = [variable(np.ones(shape, "f4"), name) for name, shape in SHAPES.items()]
        self.optimizer = optiplug.create(
            "adam", **{**config, "processors": [*config.get("processors", []), *([hook] if hook else [])]}
        )

    def step(self, gradients=None):
        gradients = gradients or [tf.ones(each.shape) for each in self.variables]
        apply_as_scaled(self.optimizer, list(zip(gradients, self.variables, strict=True)))

    def values(self):
        states = self.optimizer.state.states
        return {
            **{each.name: whole(each) for each in self.variables},
            **{name: whole(state.variable) if parts_of(self.optimizer).mesh else state.numpy()
               for name, state in states.items()},
        }  # fmt: skip


def plain(value, name):
    return tf.Variable(value, name=name)


def assert_nothing_changed(problem, step):
    before = problem.values()
    with pytest.raises(tf.errors.OpError):
        step()
    after = problem.values()
    assert [name for name in before if not np.array_equal(before[name], after[name])] == []


@pytest.mark.sampled(2)
@pytest.mark.parametrize("gates", [[], GATES], ids=["no gate", "gates"])
@pytest.mark.parametrize("fail", [asserts, raises, reshapes], ids=lambda fail: fail.__name__)
def test_uncompiled(fail, gates):
    hook = Fails(fail)
    problem = Problem(plain, hook, processors=gates, jit_compile=False)
    problem.step()
    hook.broken.assign(True)
    assert_nothing_changed(problem, problem.step)  # the second call is the step, with the gates too
    hook.broken.assign(False)
    problem.step()
    assert int(problem.optimizer.iterations) == (1 if gates else 2)


def test_uncompiled_packs():
    """Small variables come joined where all hooks are elementwise, so the error is in a gradient."""
    problem = Problem(plain, jit_compile=False)
    problem.step()
    assert parts_of(problem.optimizer).packing.packs
    bad = tf.IndexedSlices(tf.ones([1, 2]), tf.constant([4]), tf.constant(ROWS))
    assert_nothing_changed(problem, lambda: problem.step(with_rows(problem, bad)))


@pytest.mark.sampled(5)
@pytest.mark.parametrize("jit_compile", [True, False], ids=["compiled", "uncompiled"])
@pytest.mark.parametrize("sparse", ["exact", "lazy"])
@pytest.mark.parametrize("row", [-1, 4])
def test_a_row_that_does_not_exist(row, sparse, jit_compile):
    problem = Problem(plain, sparse=sparse, jit_compile=jit_compile, processors=["loss_scale"])
    good, bad = (
        tf.IndexedSlices(tf.ones([2, 2]), tf.constant([1, each]), tf.constant(ROWS)) for each in (3, row)
    )
    problem.step(with_rows(problem, good))
    assert_nothing_changed(problem, lambda: problem.step(with_rows(problem, bad)))
    problem.step(with_rows(problem, good))
    assert int(problem.optimizer.iterations) == 2


def with_rows(problem, slices):
    return [slices, *(tf.ones(each.shape) for each in problem.variables[1:])]


def test_where_xla_has_to_be_left_out():
    class Refused(Fails):
        @hookimpl
        def clip(self, gradients):
            return [
                tf.ensure_shape(tf.py_function(lambda x: x, [each], each.dtype), each.shape)
                for each in gradients
            ]

    hook = Refused(asserts)
    problem = Problem(plain, hook, processors=["loss_scale"])
    with pytest.warns(UserWarning, match="XLA cannot compile"):
        problem.step()
    hook.broken.assign(True)
    assert_nothing_changed(problem, problem.step)


@pytest.mark.slow
def test_on_a_mesh():
    on = mesh(2, 2)

    def variable(value, name):
        return tf.experimental.dtensor.DVariable(laid_out(on, value), name=name)

    class Checks:
        @hookimpl
        def clip(self, gradients):
            tf.debugging.assert_less(tf.reduce_max(gradients[-1]), 2.0)
            return gradients

    problem = Problem(variable, Checks(), jit_compile=False, mesh=on, processors=GATES[:1])

    @tf.function
    def step(factor):
        problem.step([tf.ones(each.shape) * factor for each in problem.variables])

    step(laid_out(on, np.float32(1.0)))

    def failing():
        step(laid_out(on, np.float32(5.0)))
        problem.values()  # DTensor does not wait for a step, and says with the next value that it has failed

    assert_nothing_changed(problem, failing)
    step(laid_out(on, np.float32(1.0)))
    assert int(whole(problem.optimizer.iterations)) == 1


def test_on_two_mirrored_devices():
    strategy = mirrored(2)
    with strategy.scope():
        hook = Fails(asserts)
        problem = Problem(plain, hook, jit_compile=False)

    @tf.function
    def step():
        strategy.run(problem.step)

    step()
    every = [*problem.variables, *problem.optimizer.state.states.values()]
    before = on_every_device(strategy, every)
    hook.broken.assign(True)
    with pytest.raises(tf.errors.InvalidArgumentError):
        step()
    for old, new in zip(before, on_every_device(strategy, every), strict=True):
        for one, other in zip(old, new, strict=True):
            np.testing.assert_array_equal(one, other)


def test_a_check_before_gradients_are_summed():
    class Checks:
        @hookimpl
        def pre_aggregate(self, gradients):
            tf.debugging.assert_less(tf.reduce_max(gradients[-1]), 2.0)
            return gradients

    problem = Problem(plain, Checks())

    @tf.function
    def step(factor):
        problem.step([tf.ones(each.shape) * factor for each in problem.variables])

    step(tf.constant(1.0))
    assert_nothing_changed(problem, lambda: step(tf.constant(3.0)))


def test_a_hook_that_was_mended_is_looked_at_again():
    class Mended(Fails):
        wrong = True

        @hookimpl
        def clip(self, gradients):
            if self.wrong:
                raise ValueError("not yet")
            return [
                tf.ensure_shape(tf.py_function(lambda x: x, [each], each.dtype), each.shape)
                for each in gradients
            ]

    hook = Mended(asserts)
    problem = Problem(plain, hook)
    with pytest.raises(ValueError, match="not yet"):
        problem.step()
    hook.wrong = False
    with pytest.warns(UserWarning, match="XLA cannot compile"):
        problem.step()
    assert int(problem.optimizer.iterations) == 1

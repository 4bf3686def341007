"""Which variables an optimizer can be built with, and when."""

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from optiplug.testing.training import apply_as_scaled
from support.strategies import mirrored

FIELDS = {"momentum": 0.5, "use_ema": True, "processors": ["loss_scale"]}
UNTRAINED = [0, True, "text", np.int8(3)]


@pytest.mark.parametrize("value", UNTRAINED, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("taped", [False, True])
def test_variables_that_no_gradient_moves_are_left_alone(value, taped, recwarn):
    weight, other = tf.Variable(1.0, name="weight"), tf.Variable(value, name="other")
    optimizer = optiplug.create("sgd", learning_rate=0.25, jit_compile=False, **FIELDS)
    if taped:
        with tf.GradientTape() as tape:
            loss = weight**2
        optimizer.minimize(loss, [other, weight], tape)
    else:
        optimizer.minimize(lambda: weight**2, [other, weight])
    assert (float(weight), other.numpy()) == (0.5, tf.Variable(value).numpy())
    assert not list(recwarn)


def test_a_build_leaves_out_what_is_not_trained():
    weight, count = tf.Variable(1.0, name="weight"), tf.Variable(0, name="count")
    optimizer = optiplug.create("sgd", jit_compile=False, **FIELDS)
    optimizer.build([count, weight])
    optimizer.build([count])
    apply_as_scaled(optimizer, [(None, count), (tf.constant(1.0), weight)])
    optimizer.finalize_variable_values([count, weight])
    assert not [name for name in optimizer.state.states if "count" in name]
    assert [each.path for each in optimizer.explain([count, weight]).variables] == ["weight"]
    assert optimizer.state_report([count, weight]).total == optimizer.state_report().total


def test_a_class_written_for_keras_may_keep_state_for_a_counter():
    class Keeping(optiplug.Optimizer):
        def build(self, var_list):
            super().build(var_list)
            self.kept = [self.add_variable_from_reference(each, "kept") for each in var_list]

        def update_step(self, gradient, variable):
            variable.assign_sub(gradient)

    optimizer, weight = Keeping("keeping", jit_compile=False), tf.Variable(1.0, name="weight")
    optimizer.build([weight, tf.Variable(0, name="count")])
    optimizer.apply_gradients([(tf.constant(1.0), weight)])
    assert [(each.path, each.dtype) for each in optimizer.kept] == [
        ("kept/weight", tf.float32),
        ("kept/count", tf.int32),
    ]
    assert float(weight) == 0.0


def test_state_may_be_of_integers_and_flags():
    class Counting(optiplug.Processor):
        class Config(optiplug.ProcessorConfig):
            """Counts."""

        def build(self, variables):
            super().build(variables)
            self.count, self.odd = self.add_state("count", dtype="int32"), self.add_state("odd", dtype="bool")
            self.seen = self.add_slot("seen", dtype="int32")

        @optiplug.hookimpl
        def post_step(self, step):
            self.count.assign_add(1)
            self.odd.assign(tf.logical_not(self.odd.value))
            for variable in step.variables:
                self.seen[variable].assign_add(tf.ones(variable.shape, tf.int32))

    counting, weights = Counting(), [tf.Variable([1.0, 2.0]), tf.Variable(1.0)]
    optimizer = optiplug.create("sgd", processors=[counting])
    for _ in range(3):
        optimizer.apply_gradients([(tf.ones(each.shape), each) for each in weights])
    assert (counting.count.numpy(), counting.odd.numpy()) == (3, True)
    assert counting.seen[weights[0]].numpy().tolist() == [3, 3]


@pytest.mark.parametrize("shape", [[None], tf.TensorShape(None)], ids=str)
@pytest.mark.parametrize("fields", [{}, {"global_clipnorm": 10.0}], ids=["plain", "clipped"])
def test_an_unknown_shape_is_fine_without_state(shape, fields):
    weight = tf.Variable([1.0, 2.0], shape=shape)
    optimizer = optiplug.create("sgd", learning_rate=0.5, **fields)
    optimizer.apply_gradients([(tf.ones([2]), weight)])
    weight.assign([1.0, 2.0, 3.0])
    optimizer.apply_gradients([(tf.ones([3]), weight)])
    np.testing.assert_allclose(weight.numpy(), [0.5, 1.5, 2.5])


def test_rows_of_an_unknown_number():
    table = tf.Variable(tf.ones([3, 2]), shape=[None, 2])
    optimizer = optiplug.create("sgd", learning_rate=0.5)
    optimizer.minimize(lambda: tf.reduce_sum(tf.gather(table, [1, 1])), [table])
    assert table.numpy().tolist() == [[1.0, 1.0], [0.0, 0.0], [1.0, 1.0]]


@pytest.mark.parametrize("fields", [{"momentum": 0.9}, {"use_ema": True}], ids=["slot", "processor"])
def test_state_of_an_unknown_shape_is_refused(fields):
    optimizer = optiplug.create("sgd", **fields)
    with pytest.raises(optiplug.BuildError, match=r"a fixed shape.*/weight'.*Received.*None.*Hint"):
        optimizer.build([tf.Variable(1.0), tf.Variable([1.0, 2.0], shape=[None], name="weight")])
    optimizer.apply_gradients([(tf.constant(1.0), tf.Variable(1.0))])
    assert int(optimizer.iterations) == 1


def stepped_in_turn(wrap, **fields):
    """Return an optimizer and its two variables after two steps of each."""
    variables = [tf.Variable(1.0, name=name) for name in "uv"]
    optimizer = optiplug.create("sgd", learning_rate=0.25, jit_compile=False, **fields)

    @wrap
    def step(place):
        optimizer.apply_gradients([(tf.constant(1.0), variables[place])])

    for place in (0, 1, 0, 1):
        step(place)
    return optimizer, variables


def test_a_later_trace_of_a_function_may_meet_a_new_variable(recwarn):
    optimizer, actual = stepped_in_turn(tf.function, momentum=0.5, nesterov=True)
    assert not list(recwarn)
    plain, expected = stepped_in_turn(lambda function: function, momentum=0.5, nesterov=True)
    assert [float(each) for each in actual] == [float(each) for each in expected]
    for name, state in plain.state.states.items():
        assert optimizer.state.states[name].numpy() == state.numpy()


def test_what_an_earlier_trace_does_not_know_of_is_said():
    with pytest.warns(UserWarning, match=r"do not know of \['v:0'\].*every variable.*Hint: call `build"):
        optimizer, _ = stepped_in_turn(tf.function, use_ema=True)
    assert len(list(optimizer.state.states)) == 4


def test_a_later_trace_on_replicas_may_meet_a_new_variable():
    strategy = mirrored(2)
    with strategy.scope():
        variables = [tf.Variable(1.0, name=name) for name in "uv"]
        optimizer = optiplug.create("sgd", learning_rate=0.25, momentum=0.5, jit_compile=False)

    @tf.function
    def step(place):
        strategy.run(lambda: optimizer.apply_gradients([(tf.constant(0.5), variables[place])]))

    for place in (0, 1, 0):
        step(place)
    assert [each.numpy() for each in variables] == [0.375, 0.75]
    assert len(optimizer.momentum[variables[1]].components) == 2

"""Every form of a loss, of a list of variables and of a tape that `minimize` takes."""

from __future__ import annotations

import pytest
import tensorflow as tf
import tf_keras

from optiplug_sgd.sgd import SGD

LISTS = {
    "list": lambda variables: variables,
    "tuple": tuple,
    "function that returns a list": lambda variables: lambda: variables,
    "function that returns a tuple": lambda variables: lambda: tuple(variables),
}
# tf_keras calls no function when the loss is a tensor.
FORMS = [("callable", form) for form in LISTS] + [("tensor", form) for form in ("list", "tuple")]


def two_steps(optimizer, loss, form, *, graph):
    """Return two variables after two steps with x^2 y as the loss."""
    one, other = tf.Variable(3.0), tf.Variable(2.0)
    optimizer.build([one, other])

    def step():
        var_list = LISTS[form]([one, other])
        if loss == "callable":
            return optimizer.minimize(lambda: one**2 * other, var_list)
        with tf.GradientTape() as tape:
            value = one**2 * other
        return optimizer.minimize(value, var_list, tape)

    step = tf.function(step) if graph else step
    assert [step(), step()] == [None, None]
    assert optimizer.iterations == 2
    return [float(one), float(other)]


@pytest.mark.parametrize("graph", [False, True])
@pytest.mark.parametrize(("loss", "form"), FORMS)
def test_every_form(sgd, loss, form, graph):
    # 3 - 0.25 * 2 * 3 * 2 = 0 and 2 - 0.25 * 9 = -0.25; the second gradients are 0
    assert two_steps(sgd(0.25), loss, form, graph=graph) == [0.0, -0.25]


@pytest.mark.parametrize("form", [form for form in LISTS if "function" in form])
def test_a_function_of_variables_goes_with_a_tensor_too(form):
    assert two_steps(SGD(0.25), "tensor", form, graph=False) == [0.0, -0.25]
    with pytest.raises(TypeError):
        two_steps(tf_keras.optimizers.SGD(0.25), "tensor", form, graph=False)


def test_a_callable_may_have_a_tape_of_the_user_s_own(sgd):
    tape, variable = tf.GradientTape(persistent=True), tf.Variable(3.0)
    sgd(0.25).minimize(lambda: variable**2, [variable], tape)
    assert variable == 1.5
    assert tape.watched_variables() == (variable,)


def test_listed_variables_are_watched_if_not_trainable_too(sgd):
    variable = tf.Variable(3.0, trainable=False)
    sgd(0.25).minimize(lambda: variable**2, [variable])
    assert variable == 1.5


def test_a_loss_of_nothing(sgd):
    variable = tf.Variable(3.0)
    with pytest.raises(ValueError, match="No gradients provided for any variable"):
        sgd().minimize(lambda: tf.constant(1.0), [variable])
    assert sgd().minimize(lambda: variable**2, []) is None
    assert variable == 3.0


def test_the_gradients_of_an_embedding_stay_sparse(sgd):
    table = tf.Variable(tf.ones([4, 2]))
    ((gradient, _),) = sgd().compute_gradients(lambda: tf.reduce_sum(tf.gather(table, [3, 1, 3])), [table])
    assert isinstance(gradient, tf.IndexedSlices)
    assert gradient.indices.numpy().tolist() == [3, 1, 3]


def test_iterations_are_what_a_step_returns():
    optimizer, variable = SGD(1.0), tf.Variable(1.0)
    assert optimizer.apply_gradients([]) is optimizer.iterations
    assert optimizer.apply_gradients([(tf.constant(1.0), variable)]) is optimizer.iterations

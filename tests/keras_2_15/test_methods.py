"""Each method; the docstrings make docs/keras-2-15.md."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import tensorflow as tf
import tf_keras

import optiplug
from optiplug_sgd.sgd import SGD
from support.single_steps import stepped


def test_add_variable(sgd):
    """Creates a state variable that belongs to no variable of the model.

    Differs: what it returns stands for the working value while a step is traced; of names for initializers
    there are "zeros" and "ones"; a name belongs to one variable: asked for again, it is the same.
    """
    optimizer = sgd()
    ones = optimizer.add_variable((2,), tf.float64, "ones", name="ones")
    drawn = optimizer.add_variable([2, 2], initializer=tf_keras.initializers.Constant(3.0), name="drawn")
    count = optimizer.add_variable(None, name="count")
    np.testing.assert_array_equal(ones.numpy(), np.ones(2, np.float64))
    np.testing.assert_array_equal(drawn.numpy(), np.full((2, 2), 3.0, np.float32))
    count.assign_add(2.0)
    assert count.numpy() == 2.0
    assert {"ones:0", "drawn:0", "count:0"} <= {each.name for each in optimizer.variables}


def test_add_variable_with_other_initializers_is_refused():
    with pytest.raises(optiplug.ConfigError, match=r"'zeros', 'ones' or a function.*'glorot'"):
        SGD().add_variable((), initializer="glorot")
    assert SGD().add_variable(tf.constant([2, 3])).shape == (2, 3)


def test_add_variable_without_a_name_when_variables_appear_late():
    class Counting(optiplug.Optimizer):
        def __init__(self):
            super().__init__("counting")
            self.first = self.add_variable(())

        def build(self, var_list):
            super().build(var_list)
            self.steps = self.add_variable(())

        def update_step(self, gradient, variable):
            self.steps.assign_add(1.0)

    optimizer, one, other = Counting(), tf.Variable(1.0), tf.Variable(1.0)
    optimizer.apply_gradients([(tf.constant(1.0), one)])
    optimizer.apply_gradients([(tf.constant(1.0), one), (tf.constant(1.0), other)])
    assert [optimizer.first.numpy(), optimizer.steps.numpy()] == [0.0, 3.0]


def test_add_variable_from_reference(sgd):
    """Creates a state variable of the shape and dtype of a model's variable, named ``name/variable``, zero.

    `shape` and `initial_value` say otherwise.

    Differs: what it returns stands for the working value while a step is traced; a name belongs to one
    variable: asked for again, it is the same.
    """
    optimizer, weight = sgd(), tf.Variable([1.0, 2.0], dtype=tf.float64, name="w")
    state = optimizer.add_variable_from_reference(model_variable=weight, variable_name="m")
    assert (state.dtype, state.name.removesuffix(":0")) == (tf.float64, "m/w")
    np.testing.assert_array_equal(state.numpy(), [0.0, 0.0])
    copy = optimizer.add_variable_from_reference(weight, "copy", initial_value=weight)
    np.testing.assert_array_equal(copy.numpy(), [1.0, 2.0])
    norm = optimizer.add_variable_from_reference(weight, "norm", shape=())
    assert norm.shape == ()


def test_add_variable_from_reference_takes_keras_3_variables():
    import keras

    layer = keras.layers.Dense(1, name="head")
    layer.build((None, 2))
    assert SGD().add_variable_from_reference(layer.kernel, "m").path == "m/head/kernel"


def test_aggregate_gradients(sgd):
    """Sums gradients over replicas; what overrides it takes its place.

    With one replica it changes nothing.
    """

    class Tripled(sgd):
        def aggregate_gradients(self, grads_and_vars):
            return [(gradient * 3, variable) for gradient, variable in grads_and_vars]

    variable = tf.Variable(1.0)
    ((gradient, same),) = sgd().aggregate_gradients([(tf.constant(2.0), variable)])
    assert gradient == 2.0
    assert same is variable
    assert stepped(Tripled(1.0), 1.0) == -1.0


def test_apply_gradients(sgd):
    """Takes a step with (gradient, variable) pairs, and returns `iterations`.

    Without any pair it does nothing; without any gradient it raises ValueError; a variable without one is
    left alone.

    Differs: duplicate rows are summed before anything is clipped; a malformed list is a TypeError that says
    what is wrong, and so is a variable given twice; `name` has no effect.
    """
    optimizer, one, other = sgd(1.0), tf.Variable(1.0, name="one"), tf.Variable(1.0, name="other")
    assert optimizer.apply_gradients([]) == 0
    with pytest.raises(ValueError, match="No gradients provided for any variable"):
        optimizer.apply_gradients([(None, one)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # ours
        pairs = zip([tf.constant(1.0), None], [one, other], strict=True)
        assert optimizer.apply_gradients(pairs, name="a name") == 1
    assert [float(one), float(other)] == [0.0, 1.0]
    with pytest.raises(TypeError):
        optimizer.apply_gradients([3])


@pytest.mark.parametrize(
    "keywords", [{"skip_gradients_aggregation": True}, {"experimental_aggregate_gradients": False}]
)
def test_apply_gradients_of_the_user_s_own_aggregation(sgd, keywords):
    class Refusing(sgd):
        def aggregate_gradients(self, grads_and_vars):
            raise AssertionError

    variable = tf.Variable(1.0)
    Refusing(1.0).apply_gradients([(tf.constant(1.0), variable)], **keywords)
    assert variable == 0.0


def test_build(sgd):
    """Creates the state for these variables; again with the same ones, it does nothing.

    Differs: it may be called again with more variables: those that appear late get their state, the others
    keep theirs (tf_keras refuses such variables).
    """
    optimizer, variable = sgd(momentum=0.5), tf.Variable(1.0)
    optimizer.build([variable])
    names = [each.name for each in optimizer.variables]
    optimizer.apply_gradients([(tf.constant(1.0), variable)])
    optimizer.build([variable])
    assert [each.name for each in optimizer.variables] == names


def test_build_again_with_more_variables():
    optimizer, early, late = SGD(1.0, momentum=0.5, use_ema=True), tf.Variable(0.0), tf.Variable(0.0)
    optimizer.apply_gradients([(tf.constant(1.0), early)])
    optimizer.build([early, late])
    optimizer.apply_gradients([(tf.constant(1.0), early), (tf.constant(1.0), late)])
    assert [float(early), float(late)] == [-2.5, -1.0]
    theirs = tf_keras.optimizers.SGD(1.0)
    theirs.build([early])
    with pytest.raises(KeyError, match="cannot recognize variable"):
        theirs.apply_gradients([(tf.constant(1.0), late)])


@pytest.mark.parametrize("when", ["first", "last"])
def test_build_of_the_base_class_may_come_first_or_last(base, when):
    class Momentum(base):
        def __init__(self):
            super().__init__(name="momentum")
            self._learning_rate = self._build_learning_rate(1.0)

        def build(self, var_list):
            if when == "first":
                super().build(var_list)
            if getattr(self, "_built", False):
                return
            self.slots = [self.add_variable_from_reference(each, "m") for each in var_list]
            if when == "last":
                super().build(var_list)
            self._built = True

        def update_step(self, gradient, variable):
            slot = self.slots[self._index_dict[self._var_key(variable)]]
            slot.assign(0.5 * slot - gradient)
            variable.assign_add(slot)

    assert stepped(Momentum(), 1.0, 1.0) == -0.5


def test_compute_gradients(sgd):
    """Returns (gradient, variable) pairs of a loss: a callable, or a tensor with the tape that saw it.

    The variables may come from a callable; a gradient may be None; a tensor without a tape is a ValueError.
    """
    optimizer, one, other = sgd(), tf.Variable(3.0), tf.Variable(1.0)
    ((gradient, variable), (missing, _)) = optimizer.compute_gradients(lambda: one**2, lambda: [one, other])
    assert variable is one
    assert gradient == 6.0
    assert missing is None
    with tf.GradientTape() as tape:
        loss = one**2
    ((gradient, _),) = optimizer.compute_gradients(loss, [one], tape=tape)
    assert gradient == 6.0
    with pytest.raises(ValueError, match="`tape` is required"):
        optimizer.compute_gradients(loss, [one])


def test_exclude_from_weight_decay(sgd):
    """Spares these variables, and those whose name matches one of the regular expressions, from weight decay.

    It comes before `build`.

    Differs: what a second call excludes is added; the choice is part of the config; too late it is a
    RuntimeError (tf_keras: a ValueError).
    """
    optimizer = sgd(1.0, weight_decay=0.25)
    variables = [tf.Variable(2.0, name=name) for name in ("dense/kernel", "dense/bias", "other")]
    optimizer.exclude_from_weight_decay(var_list=[variables[2]], var_names=["bi.s"])
    optimizer.apply_gradients([(tf.constant(0.0), each) for each in variables])
    assert [float(each) for each in variables] == [1.5, 2.0, 2.0]
    with pytest.raises((RuntimeError, ValueError), match=r"before the optimizer is built|configued before"):
        optimizer.exclude_from_weight_decay(var_names=["kernel"])


def test_exclude_from_weight_decay_is_kept_in_the_config():
    optimizer = SGD(1.0, weight_decay=0.25)
    kernel, bias, gate = (tf.Variable(2.0, name=f"dense/{name}") for name in ("kernel", "bias", "gate[0]"))
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    optimizer.exclude_from_weight_decay(var_list=[gate])
    optimizer.build([kernel, bias, gate])
    again = SGD.from_config(optimizer.get_config())
    again.apply_gradients([(tf.constant(0.0), each) for each in (kernel, bias, gate)])
    assert [float(each) for each in (kernel, bias, gate)] == [1.5, 2.0, 2.0]


def test_exclude_from_weight_decay_takes_keras_3_variables():
    import keras

    optimizer, variable = SGD(1.0, weight_decay=0.25), keras.Variable([2.0], name="w")
    optimizer.exclude_from_weight_decay([variable])
    optimizer.apply_gradients([(tf.zeros([1]), variable)])
    assert float(variable[0]) == 2.0


def test_finalize_variable_values(sgd):
    """Gives these variables the values of their averages; without `use_ema` it does nothing.

    Differs: a variable that was never trained is left alone (tf_keras: an error).
    """
    optimizer, variables = sgd(1.0, use_ema=True, ema_momentum=0.5), [tf.Variable(2.0), tf.Variable(2.0)]
    optimizer.apply_gradients([(tf.constant(1.0), each) for each in variables])
    optimizer.finalize_variable_values(variables[:1])
    assert [float(each) for each in variables] == [1.5, 1.0]
    plain = sgd(1.0)
    variable = stepped(plain, 1.0)
    plain.finalize_variable_values([variable])
    assert variable == 1.0


def test_finalize_variable_values_of_variables_never_trained():
    optimizer, variable = SGD(1.0, use_ema=True), tf.Variable(2.0)
    optimizer.finalize_variable_values([variable])
    trained = stepped(optimizer, 1.0)
    optimizer.finalize_variable_values([variable, trained])
    assert variable == 2.0
    assert 1.0 < trained < 2.0


def test_load_own_variables(sgd):
    """Sets the variables of the optimizer from a mapping that `save_own_variables` filled.

    Differs: a variable that is missing, unknown or of another shape is a StateError that lists them all, and
    nothing is changed (tf_keras goes on without loading, or with part of it).
    """
    one, other = (sgd(0.5, momentum=0.5) for _ in range(2))
    stepped(one, 1.0, 1.0)
    store = {}
    one.save_own_variables(store)
    other.build([tf.Variable(2.0)])
    other.load_own_variables(store)
    for mine, theirs in zip(other.variables, one.variables, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_minimize(sgd):
    """Computes the gradients of a loss and applies them; see `compute_gradients`. Returns None."""
    variable = tf.Variable(3.0)
    assert sgd(0.25).minimize(lambda: variable**2, [variable]) is None
    assert variable == 1.5
    with tf.GradientTape() as tape:
        loss = variable**2
    sgd(0.25).minimize(loss, [variable], tape=tape)
    assert variable == 0.75
    with pytest.raises(ValueError, match="`tape` is required"):
        sgd().minimize(loss, [variable])


def test_minimize_with_variables_that_appear_with_the_loss(sgd):
    made = []

    def loss():
        if not made:
            made.append(tf.Variable(3.0))
        return made[0] ** 2

    sgd(0.5).minimize(loss, lambda: made)
    assert made[0] == 0.0


def test_save_own_variables(sgd):
    """Puts the value of each variable of the optimizer into a mapping.

    Differs: each under its name, not its position, so that state cannot be mistaken for other state.
    """
    optimizer, store = sgd(0.5, momentum=0.5), {}
    stepped(optimizer, 1.0, 1.0)
    optimizer.save_own_variables(store)
    assert max(float(value) for value in store.values()) == 2
    assert -0.75 in [float(value) for value in store.values()]


def test_set_weights(sgd):
    """Sets the variables of the optimizer from values in the order of `variables`; too few are a ValueError.

    Differs: `learning_rate` is among them; all are set, or none.
    """
    one, other = (sgd(0.5, momentum=0.5) for _ in range(2))
    stepped(one, 1.0, 1.0)
    with pytest.raises(ValueError):  # noqa: PT011  # each library in its own words
        other.set_weights([each.numpy() for each in one.variables])
    other.build([tf.Variable(2.0)])
    other.set_weights([each.numpy() for each in one.variables])
    for mine, theirs in zip(other.variables, one.variables, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_update_step(base):
    """Says how one variable changes, given its gradient; each optimizer has its own.

    Differs: it computes on working values, and all that it assigns is written once, at the end of the step;
    a sparse gradient comes as a dense tensor or, with ``sparse="lazy"``, as its rows; a class without it
    cannot be instantiated (tf_keras: it fails in the first step).
    """

    class Signed(base):
        def __init__(self):
            super().__init__(name="signed")
            self._learning_rate = self._build_learning_rate(0.5)

        def build(self, var_list):
            super().build(var_list)

        def update_step(self, gradient, variable):
            variable.assign_sub(self.learning_rate * tf.sign(gradient))

    np.testing.assert_array_equal(stepped(Signed(), [3.0, -7.0], start=[1.0, 1.0]), [0.5, 1.5])


def test_update_step_is_abstract():
    class Without(optiplug.Optimizer):
        pass

    with pytest.raises(TypeError, match="update_step"):
        Without("without")

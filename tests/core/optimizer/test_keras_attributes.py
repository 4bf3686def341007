"""Attributes of Keras on an instance: they act and answer from the config, or are refused."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
import tf_keras

import optiplug
from optiplug._optimizer.keras_attributes import FIXED, KERAS_ATTRIBUTES, PRIVATE, UNUSED


def stepped(optimizer, variable=None, gradient=3.0, steps=1):
    variable = tf.Variable([2.0]) if variable is None else variable
    for _ in range(steps):
        optimizer.apply_gradients([(tf.constant([gradient]), variable)])
    return float(variable[0])


def sgd(**fields):
    return optiplug.create("sgd", learning_rate=0.5, jit_compile=False, **fields)


VALUES = {
    "weight_decay": 0.5,
    "clipnorm": 1.0,
    "clipvalue": 2.0,
    "global_clipnorm": 1.5,
    "use_ema": True,
    "momentum": 0.9,
    "nesterov": True,
}


@pytest.mark.parametrize("name", VALUES)
def test_set_before_the_build_it_acts_as_in_the_config(name):
    more = {"momentum": 0.5} if name == "nesterov" else {}
    optimizer, expected = sgd(**more), sgd(**more, **{name: VALUES[name]})
    setattr(optimizer, name, VALUES[name])

    assert getattr(optimizer, name) == VALUES[name]
    assert optimizer.config == expected.config
    assert optimizer.get_config() == expected.get_config()
    assert stepped(optimizer, steps=2) == stepped(expected, steps=2)
    assert list(optimizer.state.states) == list(expected.state.states)


@pytest.mark.parametrize("name", ["weight_decay", "clipnorm", "clipvalue", "global_clipnorm"])
def test_set_after_a_step_it_acts_from_the_next_one(name):
    optimizer, plain, always = sgd(), sgd(), sgd(**{name: VALUES[name]})
    variables = [tf.Variable([2.0]) for _ in range(3)]
    for each, variable in zip((optimizer, plain, always), variables, strict=True):
        stepped(each, variable, gradient=0.0)
        variable.assign([2.0])
    setattr(optimizer, name, VALUES[name])

    results = [stepped(each, v) for each, v in zip((optimizer, plain, always), variables, strict=True)]
    assert results[0] == results[2] != results[1]
    setattr(optimizer, name, None)
    assert getattr(optimizer, name) is None


@pytest.mark.parametrize("name", ["use_ema", "momentum", "state_dtype", "sparse", "pack_small_variables"])
def test_what_needs_other_state_is_refused_after_the_build(name):
    values = {**VALUES, "state_dtype": "bfloat16", "sparse": "lazy", "pack_small_variables": False}
    optimizer = sgd()
    stepped(optimizer)
    with pytest.raises(optiplug.BuildError, match=rf"sgd\.{name}: .*is built.*Hint: set it before"):
        setattr(optimizer, name, values[name])
    assert getattr(optimizer, name) == getattr(sgd().config, name)


@pytest.mark.parametrize("name", ["beta_1", "beta_2", "epsilon"])
def test_what_may_change_in_training_is_a_variable(name):
    optimizer = optiplug.create("adam", jit_compile=False)
    optimizer.build([tf.Variable([2.0])])
    hint = "given as a schedule or as a tf.Variable" if name != "epsilon" else ""
    with pytest.raises(optiplug.BuildError, match=rf"adam\.{name}: cannot be set any more.*{hint}"):
        setattr(optimizer, name, 0.5)

    factor = tf.Variable(0.0)
    optimizer, variable = sgd(momentum=factor), tf.Variable([2.0])
    stepped(optimizer, variable, gradient=1.0)
    traces = optimizer.trace_count
    factor.assign(0.5)
    assert stepped(optimizer, variable, gradient=1.0) == 2.0 - 0.5 - 0.75
    assert optimizer.trace_count == traces


@pytest.mark.parametrize(
    ("name", "hint"),
    [("clip_norm", "write `clipnorm`"), ("Momentum", "write `momentum`"), ("decay", "inverse_time")],
)
def test_other_names_of_hyperparameters_are_refused(name, hint):
    optimizer = sgd(momentum=0.25)
    with pytest.raises(optiplug.ConfigError, match=rf"sgd\.{name}: is no hyperparameter.*Hint: .*{hint}"):
        setattr(optimizer, name, 0.5)
    optimizer.Momentum = 0.25  # of a plugin that keeps what it reads
    optimizer.factor = 0.5
    assert optimizer.factor == 0.5
    setattr(written(optiplug.Optimizer)(), name, 0.5)


def test_what_is_set_is_checked():
    optimizer = sgd(clipnorm=1.0)
    for name, value, message in [
        ("momentum", 2.0, "momentum: must be <= 1"),
        ("nesterov", True, "nesterov: has no effect without `momentum`"),
        ("clipnorm", "much", "clipnorm"),
        ("clipvalue", 1.0, "cannot be combined with clipnorm"),
        ("weight_decay", -0.5, "weight_decay: must be >= 0"),
    ]:
        with pytest.raises(optiplug.ConfigError, match=message):
            setattr(optimizer, name, value)
    assert optimizer.config == sgd(clipnorm=1.0).config


@pytest.mark.parametrize("name", FIXED)
def test_members_of_another_kind_are_not_set(name):
    with pytest.raises(optiplug.ConfigError, match=rf"sgd\.{name}: cannot be set.*Hint: "):
        setattr(sgd(), name, ("ema",))
    setattr(written(optiplug.Optimizer)(), name, 2)  # of a class of one's own it is an attribute like others


def test_the_same_value_changes_nothing():
    optimizer = sgd(momentum=0.9)
    optimizer.build([tf.Variable(1.0)])
    program = optimizer.trace_count
    optimizer.ema_momentum = 0.99
    assert optimizer.trace_count == program


def test_a_compiled_step_can_become_another():
    optimizer = sgd()
    variable = tf.Variable([2.0])
    stepped(optimizer, variable)
    optimizer.jit_compile = True
    assert optimizer.jit_compile is True
    assert stepped(optimizer, variable) == -1.0
    assert "HloModule" in optimizer.compiled_program()


def test_state_may_have_the_name_of_a_hyperparameter():
    optimizer = sgd(momentum=0.9)
    assert optimizer.momentum == 0.9
    variable = tf.Variable([2.0])
    optimizer.build([variable])
    assert optimizer.momentum[variable].path.startswith("momentum/")


def test_in_a_step_and_inside_of_another_it_is_refused():
    class Setting(optiplug.Optimizer):
        def update_step(self, gradient, variable):
            self.clipnorm = 1.0

    with pytest.raises(optiplug.HookError, match=r"Setting\.clipnorm: cannot be set in a step"):
        stepped(Setting(jit_compile=False))
    group = {"name": "all", "optimizer": {"use": "sgd"}}
    outer = optiplug.create("partition", groups=[group], jit_compile=False)
    stepped(outer)
    with pytest.raises(optiplug.BuildError, match="optimizer inside of another"):
        outer.nested["all"].clipnorm = 1.0


def test_a_refused_processor_leaves_the_config_as_it_was(monkeypatch):
    optimizer = sgd()
    before = optimizer.config
    monkeypatch.setattr("optiplug._optimizer.parts.Pipeline", None)
    with pytest.raises(TypeError):
        optimizer.clipnorm = 1.0
    assert optimizer.config is before


def written(base):
    """Return a class as it is written for Keras, over its base or ours."""

    class Mine(base):
        def __init__(self, learning_rate=0.25, weight_decay=0.5, name="Mine", **keywords):
            self.clipnorm = 7.0  # the constructor of the base sets it again
            super().__init__(name=name, **keywords)
            self._learning_rate = self._build_learning_rate(learning_rate)
            self.weight_decay = weight_decay
            self.momentum = 0.9  # its own business: its base has none

        def build(self, var_list):
            super().build(var_list)
            if hasattr(self, "_built") and self._built:
                return
            self.m = [self.add_variable_from_reference(each, "m") for each in var_list]
            self._built = True

        def update_step(self, gradient, variable):
            m = self.m[self._index_dict[self._var_key(variable)]]
            rate = tf.cast(self._learning_rate, variable.dtype)
            m.assign(m * self.momentum + gradient * (2.0 if self._use_weight_decay(variable) else 1.0))
            variable.assign_sub(rate * m.value())

        def get_config(self):
            rate = self._serialize_hyperparameter(self._learning_rate)
            return {**super().get_config(), "learning_rate": rate, "weight_decay": self.weight_decay}

    return Mine


def test_a_class_written_for_keras_gives_the_numbers_of_keras():
    results = {}
    for base in (optiplug.Optimizer, tf_keras.optimizers.Optimizer):
        optimizer, kernel, bias = written(base)(), *(tf.Variable([2.0], name=n) for n in ("kernel", "bias"))
        optimizer.exclude_from_weight_decay(var_names=["bias"])
        for gradient in (1.0, -2.0):
            optimizer.apply_gradients([(tf.constant([gradient]), each) for each in (kernel, bias)])
            optimizer.learning_rate = 0.125
        assert (optimizer.clipnorm, optimizer.weight_decay, optimizer.momentum) == (None, 0.5, 0.9)
        assert optimizer.get_config()["learning_rate"] == 0.125
        assert float(optimizer._learning_rate) == 0.125
        results[base] = [float(kernel[0]), float(bias[0]), int(optimizer._iterations)]
    assert results[optiplug.Optimizer] == pytest.approx(results[tf_keras.optimizers.Optimizer], rel=1e-6)


def test_a_schedule_is_kept_as_one_that_can_be_called():
    schedule = tf_keras.optimizers.schedules.ExponentialDecay(0.5, 1, 0.5)
    optimizer = written(optiplug.Optimizer)(schedule, weight_decay=None)
    assert float(optimizer._learning_rate(tf.constant(1, tf.int64))) == 0.25
    assert optimizer.get_config()["learning_rate"]["use"] == "exponential"
    assert float(optimizer._get_current_learning_rate()) == float(optimizer._current_learning_rate) == 0.5


def test_private_names_that_work():
    optimizer = written(optiplug.Optimizer)(use_ema=True, jit_compile=False)
    optimizer._iterations = tf.Variable(4, dtype=tf.int64)
    assert int(optimizer._create_iteration_variable()) == int(optimizer._iterations) == 4
    assert (optimizer._mesh, optimizer._distribution_strategy) == (None, tf.distribute.get_strategy())
    variable = tf.Variable([2.0])
    assert optimizer._use_weight_decay(variable)
    stepped(optimizer, variable)
    optimizer._overwrite_model_variables_with_average_value([variable])
    assert {name for name in PRIVATE if not hasattr(optimizer, name)} == set()


@pytest.mark.parametrize("name", sorted(UNUSED.keys() - PRIVATE.keys()))
def test_private_names_that_do_not_say_what_to_write(name):
    optimizer = written(optiplug.Optimizer)()
    assert not hasattr(optimizer, name)
    with pytest.raises(optiplug.BuildError, match=f"Mine: '{name}' of Keras.*Hint: "):
        getattr(optimizer, name)


@pytest.mark.parametrize("name", sorted(UNUSED))
def test_what_a_step_never_asks_cannot_be_overridden(name):
    cls = type("Overriding", (written(optiplug.Optimizer),), {name: lambda *_: None})
    with pytest.raises(optiplug.ConfigError, match=f"Overriding: '{name}' of Keras.*Hint: .*another name"):
        cls()


def test_every_private_member_of_keras_is_known():
    private = set(vars(tf_keras.optimizers.Optimizer.__base__) | vars(tf_keras.optimizers.Optimizer))
    private = {name for name in private if name.startswith("_") and not name.startswith("__")}
    ours = {name for name in dir(optiplug.Optimizer) if name.startswith("_")}
    of_tensorflow = {
        "_trackable_children",
        "_abc_impl",
        "_tf_api_names",
        "_tf_api_names_v1",
        "_keras_api_names",
    }
    of_tensorflow |= {"_keras_api_names_v1"}
    assert private - ours - of_tensorflow - UNUSED.keys() - PRIVATE.keys() == set()


def test_other_names_are_free_and_unknown_ones_are_unknown():
    optimizer = written(optiplug.Optimizer)()
    optimizer.sparse = True  # no attribute of Keras, and the class has no Config
    assert optimizer.sparse is True
    with pytest.raises(AttributeError, match="'Mine' object has no attribute 'momentums'"):
        _ = optimizer.momentums
    assert not hasattr(optimizer, "processors_")
    assert set(KERAS_ATTRIBUTES) <= set(type(optimizer.config).model_fields)


def test_a_class_without_a_learning_rate_has_none():
    class Without(optiplug.Optimizer):
        def update_step(self, gradient, variable):
            variable.assign_sub(gradient)

    optimizer = Without()
    assert not hasattr(optimizer, "learning_rate")
    assert optimizer._learning_rate is None
    np.testing.assert_equal(stepped(optimizer), -1.0)


def test_a_class_decides_what_weight_decay_changes():
    class Decayed(optiplug.Optimizer):
        def __init__(self):
            super().__init__(name="decayed", jit_compile=False)
            self._learning_rate = self._build_learning_rate(0.1)
            self.weight_decay = 0.5

        def _use_weight_decay(self, variable):
            return "bias" not in variable.name

        def update_step(self, gradient, variable):
            variable.assign_sub(gradient)

    kernel, bias = tf.Variable(2.0, name="kernel"), tf.Variable(2.0, name="bias")
    Decayed().apply_gradients([(tf.constant(0.0), kernel), (tf.constant(0.0), bias)])

    assert (float(kernel), float(bias)) == (pytest.approx(1.9), 2.0)


def test_update_step_under_its_private_name():
    class Descent(optiplug.Optimizer):
        def _update_step(self, gradient, variable):
            variable.assign_sub(gradient)

    weight = tf.Variable(3.0)
    Descent("descent", jit_compile=False).apply_gradients([(tf.constant(1.0), weight)])

    assert float(weight) == 2.0


def test_a_number_counted_in_an_attribute_is_refused():
    class Counting(optiplug.Optimizer):
        def __init__(self):
            super().__init__(name="counting", jit_compile=False)
            self.count, self.kept = 0, 1

        def update_step(self, gradient, variable):
            self.kept = 1
            self.count += 1

    with pytest.raises(optiplug.HookError, match=r"Counting.count: .*once in a trace.*`self.iterations`"):
        Counting().apply_gradients([(tf.constant(1.0), tf.Variable(3.0))])


def test_a_branch_for_rows_that_is_never_taken_is_told_once():
    class Rows(optiplug.Optimizer):
        def update_step(self, gradient, variable):
            assert not isinstance(gradient, tf.IndexedSlices)

    table = tf.Variable(tf.zeros([3, 2]))
    rows = tf.IndexedSlices(tf.ones([1, 2]), tf.constant([1]), tf.constant([3, 2]))
    optimizer = Rows("rows", jit_compile=False)
    optimizer.apply_gradients([(tf.ones([3, 2]), table)])
    with pytest.warns(UserWarning, match=r"rows come to `update_step` dense"):
        optimizer.apply_gradients([(rows, table)])
    optimizer.apply_gradients([(rows, table)])

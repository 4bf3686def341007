import copy
import inspect
import json
import pickle

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from optiplug_sgd.config import SGDConfig
from optiplug_sgd.sgd import SGD


def one_step(optimizer, gradient=1.0, start=1.0):
    variable = tf.Variable(start)
    optimizer.apply_gradients([(tf.constant(gradient), variable)])
    return float(variable)


def test_every_way_to_create_one_is_the_same():
    config = SGDConfig(learning_rate=0.5, momentum=0.9)
    ways = [
        SGD(0.5, 0.9),
        SGD(0.5, momentum=0.9),
        SGD(learning_rate=0.5, momentum=0.9),
        SGD(config),
        config.create(),
        optiplug.create("sgd", learning_rate=0.5, momentum=0.9),
        optiplug.from_config({"use": "sgd", "learning_rate": 0.5, "momentum": 0.9}),
        SGD.from_config(SGD(0.5, 0.9).get_config()),
    ]
    assert all(each.config == config for each in ways)


def test_a_file_is_a_config(tmp_path):
    for name, text in {
        "a.yaml": "use: sgd\nlearning_rate: 5e-1\n",
        "a.json": '{"use": "sgd", "learning_rate": 5e-1}',
        "a.toml": 'use = "sgd"\nlearning_rate = 5e-1\n',
    }.items():
        path = tmp_path / name
        path.write_text(text)
        assert optiplug.from_config(path).config == SGDConfig(learning_rate=0.5)
    path.write_text('use = "sgd"\nlearning_rat = 0.5\n')
    with pytest.raises(optiplug.ConfigError, match=r"a.toml:2:1: learning_rat: .*learning_rate"):
        optiplug.from_config(path)


def test_the_signature_is_that_of_the_config():
    parameters = inspect.signature(SGD).parameters
    assert list(parameters)[:3] == ["learning_rate", "momentum", "nesterov"]
    assert parameters["learning_rate"].default == 0.01
    assert parameters["clipnorm"].kind is inspect.Parameter.KEYWORD_ONLY
    assert parameters["mesh"].kind is inspect.Parameter.KEYWORD_ONLY
    assert parameters.keys() == {*SGDConfig.model_fields, "mesh"}


@pytest.mark.parametrize(
    ("arguments", "keywords", "rule"),
    [
        ((-1.0,), {}, "learning_rate: must be >= 0"),
        ((0.1, 0.9, False, 1), {}, "SGD takes at most 3 positional arguments"),
        ((0.1,), {"learning_rate": 0.1}, "by position and by name"),
        ((), {"momentun": 0.9}, "momentun.*did you mean 'momentum'"),
        ((), {"clipnorm": 1.0, "clipvalue": 1.0}, "clipvalue: cannot be combined with clipnorm"),
        ((), {"momentum": float("nan")}, "momentum"),
    ],
)
def test_bad_arguments_are_refused_when_it_is_created(arguments, keywords, rule):
    with pytest.raises(optiplug.ConfigError, match=rule):
        SGD(*arguments, **keywords)


def test_the_config_is_plain_json_and_follows_the_rate():
    schedule = {"use": "exponential", "initial_learning_rate": 0.1, "decay_steps": 3, "decay_rate": 0.5}
    optimizer = SGD(0.5, momentum=schedule, processors=[{"use": "clip_by_value", "max_value": 1.0}])
    one_step(optimizer)
    optimizer.learning_rate = 0.25
    config = json.loads(json.dumps(optimizer.get_config(), allow_nan=False))
    assert config["learning_rate"] == 0.25
    assert SGD.from_config(config).get_config() == optimizer.get_config()


MALFORMED = [3, [3], [(1.0,)], [(1.0, 2.0)], [(1.0, np.ones(1))], [None]]


@pytest.mark.parametrize("pairs", MALFORMED, ids=repr)
def test_malformed_pairs_are_a_type_error(pairs):
    with pytest.raises(TypeError):
        SGD().apply_gradients(pairs)


def test_a_variable_given_twice_is_refused():
    variable = tf.Variable(1.0)
    with pytest.raises(TypeError, match="each variable must appear once"):
        SGD().apply_gradients([(tf.constant(1.0), variable)] * 2)


def test_an_unknown_argument_of_apply_gradients_is_refused():
    with pytest.raises(TypeError, match=r"takes no such arguments.*'aggregat'"):
        SGD().apply_gradients([(tf.constant(1.0), tf.Variable(1.0))], aggregat=False)


def test_its_name_is_the_given_the_registered_or_that_of_the_class():
    class Own(optiplug.Optimizer):
        def update_step(self, gradient, variable): ...

    assert [SGD(name="first").name, SGD().name, Own().name, Own("own").name] == ["first", "sgd", "Own", "own"]


def test_double_precision_uses_the_rate_as_given():
    variable = tf.Variable(1.0, dtype=tf.float64)
    SGD(0.1).apply_gradients([(tf.constant(1.0, tf.float64), variable)])
    assert float(variable) == 0.9


def test_a_loss_may_branch_on_tensors_inside_a_tf_function():
    variable, optimizer = tf.Variable(3.0), SGD(0.5)

    def loss():
        return variable**2 if variable > 1.0 else -variable  # AutoGraph makes a condition of it

    @tf.function
    def step():
        optimizer.minimize(loss, [variable])

    step()
    step()
    assert float(variable) == 0.5


def test_keras_3_variables_are_taken_by_their_path():
    import keras

    layer = keras.layers.Dense(1, name="head")
    layer.build((None, 2))
    optimizer = SGD(0.5, momentum=0.9)
    optimizer.apply_gradients([(tf.ones(each.shape), each) for each in layer.trainable_variables])
    assert {"momentum/head/kernel", "momentum/head/bias"} <= set(optimizer.state.states)
    np.testing.assert_array_equal(layer.bias, [-0.5])


def test_build_is_idempotent():
    optimizer, variable = SGD(momentum=0.5, use_ema=True), tf.Variable(1.0)
    optimizer.build([variable])
    names = list(optimizer.state.states)
    optimizer.apply_gradients([(tf.constant(1.0), variable)])
    optimizer.build([variable])
    optimizer.apply_gradients([(tf.constant(1.0), variable)])
    assert optimizer.trace_count == 1
    assert list(optimizer.state.states) == names
    assert names == ["iterations", "learning_rate", "ema/average/Variable", "momentum/Variable"]


def test_the_rate_of_a_step_does_not_exist_outside():
    with pytest.raises(RuntimeError, match="exists only inside `update_step`"):
        SGD().rate(tf.float32)


def test_own_variables_are_saved_and_loaded_by_name():
    def trained():
        optimizer, variable = SGD(0.1, momentum=0.9, use_ema=True), tf.Variable([1.0, 2.0], name="w")
        optimizer.build([variable])
        return optimizer, variable

    (one, variable), (other, _) = trained(), trained()
    one.apply_gradients([(tf.constant([1.0, 1.0]), variable)])
    store = {}
    one.save_own_variables(store)
    assert list(store) == ["iterations", "learning_rate", "ema/average/w", "momentum/w"]
    other.load_own_variables(store)
    for mine, theirs in zip(one.variables, other.variables, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    for broken, row in [
        ({**store, "momentum/w": np.zeros(3, "float32")}, r"momentum/w\s+float32 \(3,\)\s+float32 \(2,\)"),
        ({**store, "momentum/v": np.zeros(2, "float32")}, r"momentum/v\s+float32 \(2,\)\s+-"),
        ({key: store[key] for key in list(store)[:-1]}, r"momentum/w\s+-\s+float32 \(2,\)"),
    ]:
        with pytest.raises(optiplug.StateError, match=row):
            other.load_own_variables({**broken, "iterations": np.int64(77)})
        assert int(other.iterations) == 1, "nothing was changed"


def test_weights_are_set_in_order():
    optimizer = SGD(0.1, momentum=0.9)
    optimizer.build([tf.Variable([1.0, 2.0])])
    optimizer.set_weights([np.int64(7), np.float32(0.5), np.array([3.0, 4.0])])
    assert int(optimizer.iterations) == 7
    assert float(optimizer.learning_rate) == 0.5
    np.testing.assert_array_equal(optimizer.variables[2], [3.0, 4.0])
    with pytest.raises(optiplug.StateError, match="give one array for each of `variables`"):
        optimizer.set_weights([np.int64(7)])


def test_an_optimizer_says_why_it_has_no_copy():
    optimizer = SGD(0.1, momentum=0.9)
    one_step(optimizer)
    for copied in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match=r"cannot be copied or pickled.*get_config"):
            copied(optimizer)


@pytest.mark.parametrize("restore", ["before build", "after build"])
def test_a_checkpoint_continues_bit_for_bit(tmp_path, restore):
    def fresh():
        variable = tf.Variable([1.0, 2.0], name="w")
        optimizer = SGD(
            {"use": "cosine", "initial_learning_rate": 0.1, "decay_steps": 20},
            momentum=0.9,
            use_ema=True,
            processors=[{"use": "accumulate", "steps": 2}, {"use": "add_noise", "eta": 0.1}],
        )
        return variable, optimizer, tf.train.Checkpoint(model=[variable], optimizer=optimizer)

    def train(variable, optimizer, steps):
        for _ in range(steps):
            optimizer.apply_gradients([(variable * 0.5, variable)])
        return [variable.numpy(), *(each.numpy() for each in optimizer.variables)]

    variable, optimizer, _ = fresh()
    uninterrupted = train(variable, optimizer, 11)
    variable, optimizer, checkpoint = fresh()
    train(variable, optimizer, 5)
    path = checkpoint.write(str(tmp_path / "checkpoint"))
    variable, optimizer, checkpoint = fresh()
    if restore == "after build":
        optimizer.build([variable])
    status = checkpoint.read(path)
    resumed = train(variable, optimizer, 6)
    status.assert_consumed()
    for one, other in zip(resumed, uninterrupted, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_constraint_of_a_keras_variable():
    import keras

    variable = keras.Variable([3.0, 4.0])
    variable.constraint = keras.constraints.UnitNorm(axis=0)
    optimizer = optiplug.create("sgd", learning_rate=0.0)
    for _ in range(2):  # once as the one that it is built with, once as one that it knows
        variable.assign([3.0, 4.0])
        optimizer.apply_gradients([(tf.ones(2), variable)])
        np.testing.assert_allclose(variable.numpy(), [0.6, 0.8], rtol=1e-6)


@pytest.mark.parametrize("sparse", ["exact", "lazy"])
def test_rows_of_half_precision_are_summed_in_single_precision(sparse):
    """In float16, 2048 + 1 is 2048."""
    variable = tf.Variable(tf.zeros([3, 1], tf.float16))
    gradient = tf.IndexedSlices(tf.ones([3072, 1], tf.float16), tf.fill([3072], 1), tf.constant([3, 1]))
    optiplug.create("sgd", learning_rate=1.0, sparse=sparse).apply_gradients([(gradient, variable)])
    np.testing.assert_array_equal(variable.numpy(), [[0], [-3072], [0]])


def test_what_is_computed_once_is_traced_once_for_each_dtype():
    class Shared(optiplug.Optimizer):
        def update_step(self, gradient, variable):
            variable.assign_sub(gradient * self.once(self.factor, variable))

        def factor(self, dtype):
            traced.append(dtype)
            return tf.cast(self.iterations + 1, dtype)

    traced, variables = [], [tf.Variable(tf.zeros(2, dtype)) for dtype in ("float32", "float32", "float64")]
    optimizer = Shared("shared")
    for _ in range(2):
        optimizer.apply_gradients([(tf.ones(2, each.dtype), each) for each in variables])
    assert traced == [tf.float32, tf.float64]
    assert [each.numpy().tolist() for each in variables] == [[-3.0, -3.0]] * 3

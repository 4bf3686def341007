"""Optimizer classes written for Keras 2.15 run on our base as they are, and give the same numbers."""

import numpy as np
import pytest
import tensorflow as tf
import tf_keras

import optiplug
from support.strategies import devices, mirrored, on_each_replica


def signed_momentum(base):
    """A class in the style of Keras 2.15: own __init__, build, update_step and get_config."""

    class SignedMomentum(base):
        def __init__(self, learning_rate=0.01, momentum=0.9, name="SignedMomentum", **kwargs):
            super().__init__(name=name, **kwargs)
            self._learning_rate = self._build_learning_rate(learning_rate)
            self.momentum = momentum

        def build(self, var_list):
            super().build(var_list)
            if hasattr(self, "_built") and self._built:
                return
            self.momentums = []
            for var in var_list:
                self.momentums.append(self.add_variable_from_reference(model_variable=var, variable_name="m"))
            self._norms = [
                self.add_variable_from_reference(
                    model_variable=var, variable_name="n", shape=(), initial_value=1.0
                )
                for var in var_list
            ]
            self._built = True

        def update_step(self, gradient, variable):
            learning_rate = tf.cast(self.learning_rate, variable.dtype)
            local_step = tf.cast(self.iterations + 1, variable.dtype)
            m = self.momentums[self._index_dict[self._var_key(variable)]]
            n = self._norms[self._index_dict[self._var_key(variable)]]
            m.assign(self.momentum * m + (1 - self.momentum) * gradient)
            n.assign_add(tf.reduce_mean(tf.abs(gradient)))
            correction = 1 - tf.pow(tf.cast(self.momentum, variable.dtype), local_step)
            variable.assign_sub(learning_rate * (tf.sign(gradient) * 0.1 + m / correction / n))

        def get_config(self):
            config = super().get_config()
            config["learning_rate"] = self._serialize_hyperparameter(self._learning_rate)
            config["momentum"] = self.momentum
            return config

    return SignedMomentum


KEYWORDS = [
    {},
    {"weight_decay": 0.01},
    {"clipnorm": 0.5},
    {"clipvalue": 0.1},
    {"global_clipnorm": 0.5},
    {"use_ema": True, "ema_momentum": 0.5, "ema_overwrite_frequency": 4},
]


def problem():
    generator = np.random.default_rng(0)
    start = [generator.normal(size=shape).astype("float32") for shape in [(3,), (2, 3), ()]]
    gradients = [[generator.normal(size=each.shape).astype("float32") for each in start] for _ in range(10)]
    return start, gradients


def run(optimizer, mode):
    start, gradients = problem()
    variables = [tf.Variable(value) for value in start]
    optimizer.build(variables)

    def step(gradients):
        optimizer.apply_gradients(zip(gradients, variables, strict=True))

    if mode != "eager":
        step = tf.function(step, jit_compile=mode == "xla")
    for each in gradients:
        step([tf.constant(gradient) for gradient in each])
    return [variable.numpy() for variable in variables]


@pytest.mark.sampled(11)
@pytest.mark.parametrize("mode", ["eager", "graph", "xla"])
@pytest.mark.parametrize("keywords", KEYWORDS, ids=lambda keywords: next(iter(keywords), "plain"))
def test_same_numbers_as_on_the_base_of_keras(keywords, mode):
    theirs = run(signed_momentum(tf_keras.optimizers.Optimizer)(0.05, jit_compile=False, **keywords), "graph")
    ours = run(signed_momentum(optiplug.Optimizer)(0.05, **keywords), mode)
    for our, their in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(our, their, rtol=2e-6, atol=1e-6)


@pytest.mark.sampled(2)
@pytest.mark.parametrize("graph", [False, True])
def test_same_numbers_on_mirrored_devices(graph):
    start, gradients = problem()
    theirs = run(signed_momentum(tf_keras.optimizers.Optimizer)(0.05, jit_compile=False), "graph")
    strategy = mirrored(2)
    with strategy.scope():
        variables = [tf.Variable(value) for value in start]
        optimizer = signed_momentum(optiplug.Optimizer)(0.05)

    def replica_step(gradients):
        optimizer.apply_gradients(zip(gradients, variables, strict=True))

    step = on_each_replica(strategy, replica_step, graph=graph)
    for each in gradients:
        step([[gradient * share for gradient in each] for share in (0.25, 0.75)])
    for device in range(2):
        for variable, their in zip(devices(strategy, variables, device), theirs, strict=True):
            np.testing.assert_allclose(variable, their, rtol=2e-6, atol=1e-6)


def test_config_round_trip():
    ours = signed_momentum(optiplug.Optimizer)
    optimizer = ours(0.05, momentum=0.5, weight_decay=0.1)
    config = optimizer.get_config()
    assert config["momentum"] == 0.5
    assert config["weight_decay"] == 0.1
    assert config["learning_rate"] == pytest.approx(0.05)
    again = ours.from_config(config)
    for one, other in zip(run(optimizer, "eager"), run(again, "eager"), strict=True):
        np.testing.assert_array_equal(one, other)


def test_variables_seen_late_get_state_and_others_keep_theirs():
    optimizer = signed_momentum(optiplug.Optimizer)(0.05)
    early, late = tf.Variable([1.0, 2.0], name="early"), tf.Variable(3.0, name="late")
    optimizer.apply_gradients([(tf.constant([1.0, 1.0]), early)])
    kept = optimizer.momentums[0].numpy()
    optimizer.apply_gradients([(tf.constant(1.0), late)])
    np.testing.assert_array_equal(optimizer.momentums[0].numpy(), kept)
    np.testing.assert_allclose(optimizer.momentums[1].numpy(), 0.1, rtol=1e-6)


def test_build_that_leaves_out_that_of_its_base():
    class Bare(optiplug.Optimizer):
        def build(self, var_list):
            return

        def update_step(self, gradient, variable):
            variable.assign_sub(gradient)

    weight, other = tf.Variable(3.0), tf.Variable(5.0)
    optimizer = Bare("bare", jit_compile=False)
    optimizer.apply_gradients([(tf.constant(1.0), weight)])
    optimizer.apply_gradients([(tf.constant(1.0), weight), (tf.constant(1.0), other)])

    assert (float(weight), float(other), int(optimizer.iterations)) == (1.0, 4.0, 2)


def test_state_has_the_shape_of_its_first_value():
    class Scaled(optiplug.Optimizer):
        def build(self, var_list):
            super().build(var_list)
            self.scale = [
                self.add_variable_from_reference(each, "scale", initial_value=2.0) for each in var_list
            ]

        def update_step(self, gradient, variable):
            scale = self.scale[self._index_dict[variable.key]]
            scale.assign(scale + 1.0)
            variable.assign_sub(gradient)

    weight = tf.Variable([3.0, 4.0])
    optimizer = Scaled("scaled", jit_compile=False)
    optimizer.apply_gradients([(tf.ones(2), weight)])

    assert optimizer.scale[0].shape == ()
    assert optimizer.scale[0].numpy() == 3.0


def test_defaults_of_a_constructor_are_handed_on():
    class Own(optiplug.Optimizer):
        def __init__(self, ema_momentum=0.999, **keywords):
            super().__init__(name="own", ema_momentum=ema_momentum, **keywords)

        def update_step(self, gradient, variable):
            variable.assign_sub(gradient)

    assert Own().ema_momentum == 0.999
    assert Own(use_ema=True).config.use_ema

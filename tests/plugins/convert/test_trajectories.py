"""What is converted takes the steps of what it was converted from: real optimizers of Keras and optax."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import optax
import pytest
import tensorflow as tf
import tf_keras

from support.converted_runs import follow, follow_optax

EXACT = {"rtol": 1e-12, "atol": 1e-13}
# Schedules of Keras are computed in float32.
SCHEDULED = {"rtol": 1e-6, "atol": 1e-6}
# Keras rounds many hyperparameters to float32, which keeps these.
RATE = 0.0625
BETAS = {"beta_1": 0.875, "beta_2": 0.96875}

COMMON: dict[str, tuple[str, dict[str, Any]]] = {
    "sgd": ("SGD", {}),
    "nesterov": ("SGD", {"momentum": 0.875, "nesterov": True}),
    "nesterov alone": ("SGD", {"nesterov": True}),
    "clipnorm": ("SGD", {"clipnorm": 0.5}),
    "clipvalue": ("SGD", {"clipvalue": 0.75}),
    "global_clipnorm": ("SGD", {"global_clipnorm": 2.0}),
    "weight_decay": ("SGD", {"weight_decay": 0.125, "momentum": 0.875}),
    "averages": ("SGD", {"use_ema": True, "ema_momentum": 0.75}),
    "adam": ("Adam", BETAS),
    "amsgrad": ("Adam", {"amsgrad": True, **BETAS}),
    "adamw": ("AdamW", {"weight_decay": 0.125, **BETAS}),
    "adamax": ("Adamax", BETAS),
    "nadam": ("Nadam", {"epsilon": 1e-3, **BETAS}),
    "rmsprop": ("RMSprop", {}),
    "rmsprop with momentum": ("RMSprop", {"momentum": 0.9, "centered": True, "rho": 0.8}),
    "adagrad": ("Adagrad", {"initial_accumulator_value": 0.125}),
    "adadelta": ("Adadelta", {}),
    "ftrl": ("Ftrl", {"l1_regularization_strength": 0.25, "beta": 0.125, "initial_accumulator_value": 0.5}),
    "lion": ("Lion", {"weight_decay": 0.125, **BETAS}),
    "adafactor": ("Adafactor", {}),
    "adafactor absolute": ("Adafactor", {"relative_step": False, "clip_threshold": 0.5}),
}
ONLY_KERAS_3: dict[str, tuple[str, dict[str, Any]]] = {
    "lamb": ("Lamb", {"epsilon": 1e-4, **BETAS}),
    "schedule free": (
        "ScheduleFreeAdamW",
        {**BETAS, "warmup_steps": 4, "epsilon": 2.0**-20, "beta_1": 1 - 2.0**-20},
    ),
    "accumulated": ("SGD", {"gradient_accumulation_steps": 3, "clipnorm": 0.5}),
}
# The warmup of its momentum is a power of 0.96 in float32.
# What a ScheduleFreeAdamW leaves out is 1 - beta_1 of a step.
TOLERANCES = {"nadam": SCHEDULED, "schedule free": {"rtol": 1e-4, "atol": 1e-5}}


def compare(found, tolerance=EXACT):
    for mine, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(mine, theirs, **tolerance)


@pytest.mark.sampled(4)
@pytest.mark.parametrize("algorithm", [*COMMON, *ONLY_KERAS_3])
def test_keras_3(algorithm):
    name, arguments = {**COMMON, **ONLY_KERAS_3}[algorithm]
    theirs = getattr(keras.optimizers, name)(learning_rate=RATE, **arguments)

    found = follow(theirs, keras.optimizers.serialize(theirs), keras.Variable)
    compare(found, TOLERANCES.get(algorithm, EXACT))


@pytest.mark.sampled(6)
@pytest.mark.parametrize("algorithm", COMMON)
def test_tf_keras(algorithm):
    if algorithm.startswith("adafactor"):
        pytest.skip("tf_keras cannot build it for a matrix")
    name, arguments = COMMON[algorithm]
    theirs = getattr(tf_keras.optimizers, name)(learning_rate=RATE, jit_compile=False, **arguments)

    compare(follow(theirs, tf_keras.optimizers.serialize(theirs)), TOLERANCES.get(algorithm, EXACT))


# Its hyperparameters are kept in float32.
LEGACY: dict[str, tuple[str, dict[str, Any]]] = {
    "sgd": ("SGD", {"momentum": 0.875, "nesterov": True}),
    "clips": ("SGD", {"clipnorm": 0.5, "clipvalue": 0.25}),
    "adam": ("Adam", {"beta_1": 0.875, "beta_2": 0.96875, "amsgrad": True}),
    "adamax": ("Adamax", {"beta_1": 0.875, "beta_2": 0.96875}),
    "rmsprop": ("RMSprop", {"rho": 0.875, "epsilon": 2.0**-32}),
    "rmsprop with momentum": ("RMSprop", {"rho": 0.875, "momentum": 0.5, "epsilon": 2.0**-32}),
    "adagrad": ("Adagrad", {"epsilon": 2.0**-32, "initial_accumulator_value": 0.125}),
    "adadelta": ("Adadelta", {"rho": 0.875, "epsilon": 2.0**-10}),
    "ftrl": ("Ftrl", {"l2_regularization_strength": 0.25}),
}


@pytest.mark.sampled(3)
@pytest.mark.parametrize("algorithm", LEGACY)
def test_legacy_keras(algorithm):
    name, arguments = LEGACY[algorithm]
    theirs = getattr(tf_keras.optimizers.legacy, name)(learning_rate=RATE, **arguments)

    compare(follow(theirs, tf_keras.optimizers.serialize(theirs)), {"rtol": 1e-7, "atol": 1e-8})


def test_legacy_decay_of_the_rate():
    theirs = tf_keras.optimizers.legacy.SGD(RATE, decay=0.25)

    compare(follow(theirs, tf_keras.optimizers.serialize(theirs)))


@pytest.mark.parametrize("module", [keras, tf_keras], ids=["keras 3", "tf_keras"])
def test_schedule_of_keras(module):
    schedule = module.optimizers.schedules.CosineDecay(0.1, 6, warmup_target=0.3, warmup_steps=3)
    theirs = module.optimizers.SGD(schedule, momentum=0.9)
    create = keras.Variable if module is keras else tf.Variable

    compare(follow(theirs, module.optimizers.serialize(theirs), create), SCHEDULED)


def test_loss_scale_optimizer_of_keras_3():
    inner = keras.optimizers.SGD(RATE, momentum=0.875)
    theirs = keras.optimizers.LossScaleOptimizer(inner, initial_scale=8.0, dynamic_growth_steps=100)

    compare(follow(theirs, keras.optimizers.serialize(theirs), keras.Variable, scale=8.0))


def test_static_loss_scale_of_keras_3():
    theirs = keras.optimizers.Adam(RATE, loss_scale_factor=4.0, **BETAS)

    compare(follow(theirs, keras.optimizers.serialize(theirs), keras.Variable, scale=4.0))


def test_multi_optimizer_of_keras_3():
    each = {"dense_.*": keras.optimizers.Adam(RATE, **BETAS), "embedding_table": keras.optimizers.SGD(0.125)}
    chosen = keras.optimizers.OptimizerMap(keras.optimizers.SGD(0.5), each)
    theirs = keras.optimizers.MultiOptimizer(chosen)

    compare(follow(theirs, keras.optimizers.serialize(theirs), keras.Variable))


MUON = {"weight_decay": 0.125, "adam_weight_decay": 0.0625, "momentum": 0.875}


def test_muon_of_keras_3():
    """Bias corrections change only how a small epsilon counts, as long as there is no Nesterov."""
    theirs = keras.optimizers.Muon(RATE, nesterov=False, exclude_layers=["bias"], **MUON)
    # In double precision it fails on TensorFlow.
    found = follow(theirs, keras.optimizers.serialize(theirs), keras.Variable, dtype="float32")

    compare(found, {"rtol": 1e-4, "atol": 1e-5})


OPTAX: dict[str, tuple[str, dict[str, Any]]] = {
    "sgd": ("sgd", {}),
    "nesterov": ("sgd", {"momentum": 0.9, "nesterov": True}),
    "adam": ("adam", {"b1": 0.8}),
    "adamw": ("adamw", {"weight_decay": 0.1}),
    "adagrad": ("adagrad", {}),
    "adadelta": ("adadelta", {"rho": 0.8}),
    "adadelta with decay": ("adadelta", {"weight_decay": 0.01}),
    "rmsprop": ("rmsprop", {}),
    "rmsprop outside": ("rmsprop", {"eps_in_sqrt": False, "eps": 1e-14}),
    "rmsprop with momentum": ("rmsprop", {"momentum": 0.9, "centered": True, "eps": 1e-3}),
    "lion": ("lion", {}),
    "lamb": ("lamb", {"weight_decay": 0.1}),
    "adabelief": ("adabelief", {}),
    "adafactor": ("adafactor", {"min_dim_size_to_factor": 3}),
    "novograd": ("novograd", {"weight_decay": 0.1}),
    "radam": ("radam", {"threshold": 5.0}),
    "signum": ("signum", {"beta": 0.8}),
    "sign_sgd": ("sign_sgd", {}),
    "lars": ("lars", {"eps": 1e-8}),
}


@pytest.mark.sampled(4)
@pytest.mark.parametrize("algorithm", OPTAX)
def test_optax(algorithm):
    name, arguments = OPTAX[algorithm]
    theirs = getattr(optax, name)(learning_rate=RATE, **arguments)

    found = follow_optax(theirs, {"optax": name, "learning_rate": RATE, **arguments})
    compare(found, SCHEDULED if name == "adafactor" else EXACT)  # it decays in float32


def call(name, **arguments):
    return {"optax": name, **arguments}


CHAINS = {
    "clips": [
        call("clip_by_global_norm", max_norm=1.0),
        call("clip", max_delta=0.2),
        call("sgd", learning_rate=RATE),
    ],
    "decay before": [call("add_decayed_weights", weight_decay=0.1), call("adam", learning_rate=RATE)],
    "decay after": [
        call("scale_by_adam", b1=0.8),
        call("add_decayed_weights", weight_decay=0.1),
        call("scale_by_learning_rate", learning_rate=RATE),
    ],
    "momentum": [call("trace", decay=0.9, nesterov=True), call("scale", step_size=-RATE)],
    "second moment": [call("scale_by_rms", decay=0.8), call("scale", step_size=-RATE)],
    "nothing": [call("identity"), call("scale_by_learning_rate", learning_rate=RATE)],
}


@pytest.mark.sampled(3)
@pytest.mark.parametrize("name", CHAINS)
def test_chains_of_optax(name):
    parts = [
        getattr(optax, form["optax"])(**{key: value for key, value in form.items() if key != "optax"})
        for form in CHAINS[name]
    ]

    compare(follow_optax(optax.chain(*parts), {"optax": CHAINS[name]}))


@pytest.mark.slow  # its conditions are compiled, which takes 5 s
def test_accumulation_of_optax():
    theirs = optax.MultiSteps(optax.adam(RATE), 3)
    inner = call("adam", learning_rate=RATE)

    found = follow_optax(theirs, call("MultiSteps", opt=inner, every_k_schedule=3))
    compare(found, {"rtol": 1e-6, "atol": 1e-7})  # it averages in float32

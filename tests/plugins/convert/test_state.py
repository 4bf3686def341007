"""State of Keras goes on here: ours takes the steps that theirs would have taken."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras

import optiplug
from optiplug_convert import convert_state
from optiplug_convert.keras_slots import SLOTS, UNSUPPORTED
from support.converted_runs import NAMES, ours, trained, variables

FIRST, LAST = 5, 10
EXACT = {"rtol": 1e-12, "atol": 1e-13}
RATE = 0.0625
# Keras rounds many hyperparameters to float32, which keeps these.
BETAS = {"beta_1": 0.875, "beta_2": 0.96875}
ALGORITHMS: dict[str, tuple[str, dict[str, Any]]] = {
    "sgd": ("SGD", {"momentum": 0.875}),
    "without momentum": ("SGD", {}),
    "amsgrad with averages": ("Adam", {"amsgrad": True, "use_ema": True, "ema_momentum": 0.75, **BETAS}),
    "adamw": ("AdamW", {"weight_decay": 0.125, **BETAS}),
    "adamax": ("Adamax", BETAS),
    "nadam": ("Nadam", BETAS),
    "rmsprop": ("RMSprop", {"momentum": 0.5, "centered": True}),
    "adagrad": ("Adagrad", {"initial_accumulator_value": 0.125}),
    "adadelta": ("Adadelta", {}),
    "ftrl": ("Ftrl", {"initial_accumulator_value": 0.125}),
    "lion": ("Lion", BETAS),
    "lamb": ("Lamb", BETAS),
    "adafactor": ("Adafactor", {}),
}
TOLERANCES = {"nadam": {"rtol": 1e-6, "atol": 1e-6}}  # its 0.96 is one of float32
LATER = {"lamb", "adafactor"}  # tf_keras has no Lamb, and cannot build an Adafactor for a matrix
MODULES = {"keras 3": (keras, keras.Variable), "tf_keras": (tf_keras, tf.Variable)}


def run(module, name, arguments, steps):
    package, create = MODULES[module]
    more = {"jit_compile": False} if package is tf_keras else {}
    theirs = getattr(package.optimizers, name)(learning_rate=RATE, **arguments, **more)
    model = variables(create)
    trained(theirs, model, range(steps))
    return package, theirs, model


@pytest.mark.sampled(5)
@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_ours_goes_on_as_theirs_would(module, algorithm):
    if module == "tf_keras" and algorithm in LATER:
        pytest.skip("not in tf_keras")
    name, arguments = ALGORITHMS[algorithm]
    package, theirs, model = run(module, name, arguments, FIRST)
    _, alone, beside = run(module, name, arguments, LAST)
    continued = ours(package.optimizers.serialize(theirs))
    moved = convert_state(theirs, continued, model)

    assert int(continued.iterations) == FIRST
    assert len(moved) >= len([state for state in continued.state.states if "/" in state])
    for mine, other in zip(trained(continued, model, range(FIRST, LAST)), beside, strict=True):
        np.testing.assert_allclose(mine, np.asarray(other), **TOLERANCES.get(algorithm, EXACT))
    continued.finalize_variable_values(model)
    alone.finalize_variable_values(beside)
    if module == "tf_keras" or "averages" not in algorithm:
        for mine, other in zip(model, beside, strict=True):
            np.testing.assert_allclose(
                np.asarray(mine), np.asarray(other), **TOLERANCES.get(algorithm, EXACT)
            )


@pytest.mark.sampled(3)
@pytest.mark.parametrize("name", ["SGD", "Adam", "Adamax", "RMSprop", "Adagrad", "Adadelta", "Ftrl"])
def test_legacy_classes(name):
    arguments = {"momentum": 0.5} if name in {"SGD", "RMSprop"} else {}
    models, made = [variables(), variables()], []
    for model, steps in zip(models, (FIRST, LAST), strict=True):
        made.append(getattr(tf_keras.optimizers.legacy, name)(learning_rate=RATE, **arguments))
        trained(made[-1], model, range(steps))
    continued = ours(tf_keras.optimizers.serialize(made[0]))
    convert_state(made[0], continued, models[0])

    # Its hyperparameters are kept in float32.
    for mine, other in zip(trained(continued, models[0], range(FIRST, LAST)), models[1], strict=True):
        np.testing.assert_allclose(mine, np.asarray(other), rtol=1e-5, atol=1e-6)


def test_every_class_is_continued_or_says_why():
    tried = {name for name, _ in ALGORITHMS.values()}

    assert tried == SLOTS.keys()
    several = keras.optimizers.OptimizerMap(keras.optimizers.SGD(RATE))
    for name, why in UNSUPPORTED.items():
        arguments = [several] if name == "MultiOptimizer" else []
        theirs = getattr(keras.optimizers, name)(*arguments)
        with pytest.raises(optiplug.StateError, match=why[:30]):
            convert_state(theirs, optiplug.create("sgd"))


def test_table_of_what_went_where():
    _, theirs, model = run("keras 3", "Nadam", {}, 1)
    told = [str(each) for each in convert_state(theirs, optiplug.create("nadam"), model)]

    assert told[0] == "momentums[0] (4, 3) -> momentum/dense_kernel"
    assert told[-1] == "u_product () -> momentum_product"
    assert len(told) == 2 * len(NAMES) + 1


def test_arrays_of_one_shape_and_name_do_not_change_places():
    model = [tf.Variable([1.0, 2.0], name="w"), tf.Variable([3.0, 4.0], name="w")]
    theirs = tf_keras.optimizers.SGD(0.1, momentum=0.9, jit_compile=False)
    theirs.apply_gradients([(tf.ones(2) * (place + 1), each) for place, each in enumerate(model)])
    other_way = optiplug.create("sgd", learning_rate=0.1, momentum=0.9)
    other_way.build(model[::-1])
    convert_state(theirs, other_way, model)

    np.testing.assert_allclose(other_way.momentum[model[0]], [-0.1, -0.1])
    np.testing.assert_allclose(other_way.momentum[model[1]], [-0.2, -0.2])


def test_scale_around_an_optimizer():
    model = variables(keras.Variable)
    theirs = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(RATE), 8.0, dynamic_growth_steps=3)
    trained(theirs, model, range(4), scale=8.0)
    continued = ours(keras.optimizers.serialize(theirs))
    moved = convert_state(theirs, continued, model)

    assert {each.source for each in moved} >= {"dynamic_scale", "step_counter"}
    states = continued.state.states
    assert float(states["loss_scale/scale"].numpy()) == 16.0
    assert int(states["loss_scale/good_steps"].numpy()) == 1


def test_accumulation_is_continued_between_two_steps():
    arguments = {"gradient_accumulation_steps": 2, "momentum": 0.5}
    package, theirs, model = run("keras 3", "SGD", arguments, 4)
    _, _, beside = run("keras 3", "SGD", arguments, 8)
    continued = ours(package.optimizers.serialize(theirs))
    convert_state(theirs, continued, model)

    assert int(continued.iterations) == 2
    for mine, other in zip(trained(continued, model, range(4, 8)), beside, strict=True):
        np.testing.assert_allclose(mine, np.asarray(other), **EXACT)
    package, theirs, model = run("keras 3", "SGD", arguments, 3)
    with pytest.raises(optiplug.StateError, match="convert after 1 more"):
        convert_state(theirs, ours(package.optimizers.serialize(theirs)), model)


@pytest.mark.parametrize(
    ("arguments", "fields", "row"),
    [
        ({"momentum": 0.9}, {}, "momentum/dense_kernel"),
        ({}, {"momentum": 0.9}, "momentum/dense_kernel"),
        ({}, {"use_ema": True}, "ema/average/dense_kernel"),
        ({"use_ema": True}, {}, "ema/average/dense_kernel"),
    ],
)
def test_what_is_left_over_or_missing_is_refused(arguments, fields, row):
    _, theirs, model = run("keras 3", "SGD", arguments, 1)
    mine = optiplug.create("sgd", **fields)
    mine.build(model)
    before = [each.numpy() for each in mine.variables]
    with pytest.raises(optiplug.StateError, match=row):
        convert_state(theirs, mine, model)

    for value, each in zip(before, mine.variables, strict=True):
        np.testing.assert_array_equal(value, each)


def test_other_variables_are_refused():
    _, theirs, _ = run("tf_keras", "SGD", {"momentum": 0.5}, 1)

    with pytest.raises(optiplug.StateError, match="must be those"):
        convert_state(theirs, optiplug.create("sgd", momentum=0.5), variables())
    with pytest.raises(optiplug.StateError, match="hand them over"):
        convert_state(theirs, optiplug.create("sgd", momentum=0.5))
    with pytest.raises(optiplug.StateError, match="has no state"):
        convert_state(keras.optimizers.SGD(RATE), optiplug.create("sgd"))

"""Conversions from libraries that are not installed: beside formulas, or the Keras that they extend."""

from __future__ import annotations

import math

import numpy as np
import pytest
import tensorflow as tf
import tf_keras

import optiplug
from optiplug_convert import convert
from references import torch_optim
from support.converted_runs import STEPS, gradients, ours, trained, variables

RATE = 0.0625
TORCH = {
    "SGD": {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01},
    "Adam": {"lr": 0.1, "betas": [0.8, 0.95], "weight_decay": 0.01},
    "AdamW": {"lr": 0.1},
    "Adamax": {"lr": 0.1},
    "Adagrad": {"lr": 0.1},
    "Adadelta": {"lr": 1.0, "rho": 0.8},
    "RMSprop": {"lr": 0.1, "alpha": 0.9},
}


@pytest.mark.sampled(3)
@pytest.mark.parametrize("name", TORCH)
def test_torch(name):
    mine = trained(ours({"optimizer": name, **TORCH[name]}), variables(), range(STEPS))
    for place, (variable, found) in enumerate(zip(variables(), mine, strict=True)):
        formula = getattr(torch_optim, name)(**TORCH[name])
        steps = torch_optim.steps(
            formula, variable.numpy(), [gradients(step)[place] for step in range(STEPS)]
        )

        # Where an epsilon has another place, gradients are large beside it.
        np.testing.assert_allclose(found, list(steps)[-1], rtol=1e-6, atol=1e-6)


def torch_rates(name, arguments, base, steps):
    """Return what the documentation of torch says the rate is, by the number of `scheduler.step()`."""
    a = arguments
    for t in range(steps):
        if name == "StepLR":
            yield base * a["gamma"] ** (t // a["step_size"])
        elif name == "MultiStepLR":
            yield base * a["gamma"] ** sum(t >= milestone for milestone in a["milestones"])
        elif name == "ConstantLR":
            yield base * (a["factor"] if t < a["total_iters"] else 1)
        elif name == "LinearLR":
            share = min(t, a["total_iters"]) / a["total_iters"]
            yield base * (a["start_factor"] + (a["end_factor"] - a["start_factor"]) * share)
        elif name == "ExponentialLR":
            yield base * a["gamma"] ** t
        elif name == "PolynomialLR":
            yield base * (1 - min(t, a["total_iters"]) / a["total_iters"]) ** a["power"]
        elif name == "CosineAnnealingLR":
            low = a["eta_min"]
            yield low + (base - low) * (1 + math.cos(math.pi * t / a["T_max"])) / 2
        elif name == "CyclicLR":
            cycle = math.floor(1 + t / (2 * a["step_size_up"]))
            x = abs(t / a["step_size_up"] - 2 * cycle + 1)
            scale = {"triangular": 1, "triangular2": 0.5 ** (cycle - 1)}[a["mode"]]
            yield a["base_lr"] + (a["max_lr"] - a["base_lr"]) * max(0, 1 - x) * scale
        else:
            first, last = a["max_lr"] / a["div_factor"], a["max_lr"] / a["div_factor"] / a["final_div_factor"]
            top, end = a["pct_start"] * a["total_steps"] - 1, a["total_steps"] - 1
            start, to, share = (
                (first, a["max_lr"], t / top) if t <= top else (a["max_lr"], last, (t - top) / (end - top))
            )
            yield to + (start - to) / 2 * (1 + math.cos(math.pi * share))


SCHEDULERS = {
    "StepLR": {"step_size": 3, "gamma": 0.5},
    "MultiStepLR": {"milestones": [2, 5], "gamma": 0.3},
    "ConstantLR": {"factor": 0.25, "total_iters": 4},
    "LinearLR": {"start_factor": 0.25, "end_factor": 0.8, "total_iters": 6},
    "ExponentialLR": {"gamma": 0.7},
    "PolynomialLR": {"total_iters": 7, "power": 2.0},
    "CosineAnnealingLR": {"T_max": 10, "eta_min": 0.02},
    "CyclicLR": {
        "base_lr": 0.1,
        "max_lr": 0.4,
        "step_size_up": 3,
        "mode": "triangular2",
        "cycle_momentum": False,
    },
    "OneCycleLR": {
        "max_lr": 0.4,
        "total_steps": 10,
        "pct_start": 0.3,
        "div_factor": 5.0,
        "final_div_factor": 10.0,
        "cycle_momentum": False,
    },
}


def rates(form, steps):
    told = convert({"optimizer": "SGD", "lr": 0.2, "lr_scheduler": form}).fields["learning_rate"]
    schedule = optiplug.registry.get("schedules", told["use"])
    made = schedule(**{name: value for name, value in told.items() if name != "use"}).create()
    return [float(made(step)) for step in range(steps)]


@pytest.mark.parametrize("name", SCHEDULERS)
def test_schedulers_of_torch(name):
    expected = list(torch_rates(name, SCHEDULERS[name], 0.2, 10))

    np.testing.assert_allclose(
        rates({"scheduler": name, **SCHEDULERS[name]}, 10), expected, rtol=1e-5, atol=1e-8
    )


def test_schedulers_one_after_the_other_and_at_once():
    first, second = (
        {"scheduler": "LinearLR", "total_iters": 4},
        {"scheduler": "ExponentialLR", "gamma": 0.5},
    )
    rising = torch_rates("LinearLR", {"start_factor": 1 / 3, "end_factor": 1.0, "total_iters": 4}, 0.2, 8)
    falling = list(torch_rates("ExponentialLR", {"gamma": 0.5}, 0.2, 8))
    rising = list(rising)
    joined = {"scheduler": "SequentialLR", "schedulers": [first, second], "milestones": [4]}
    chained = {"scheduler": "ChainedScheduler", "schedulers": [first, second]}

    np.testing.assert_allclose(rates(joined, 8), [*rising[:4], *falling[:4]], rtol=1e-5)
    expected = [one * other / 0.2 for one, other in zip(rising, falling, strict=True)]
    np.testing.assert_allclose(rates(chained, 8), expected, rtol=1e-5)


def test_groups_of_torch_become_a_partition():
    groups = [
        {"param_names": ["dense.kernel", "dense.bias"], "lr": 0.1},
        {"param_names": ["embedding.table"], "lr": 0.5, "weight_decay": 0.25},
    ]
    mine = trained(ours({"optimizer": "SGD", "param_groups": groups}), variables(), [0])
    start = [each.numpy() for each in variables()]

    np.testing.assert_allclose(mine[0], start[0] - 0.1 * gradients(0)[0], rtol=1e-12)
    np.testing.assert_allclose(mine[2], start[2] - 0.5 * (gradients(0)[2] + 0.25 * start[2]), rtol=1e-12)
    with pytest.raises(optiplug.ConfigError, match="says by numbers"):
        convert({"optimizer": "SGD", "param_groups": [{**group, "param_names": [0]} for group in groups]})


class Decoupled(tf_keras.optimizers.legacy.Adam):
    """Adam as Addons extends it: a decay before the update, which no rate is multiplied with."""

    shrink = 0.0

    def _resource_apply_dense(self, grad, var, apply_state=None):
        with tf.control_dependencies([var.assign_sub(self.shrink * var)]):
            return super()._resource_apply_dense(grad, var, apply_state)


# Hyperparameters of legacy classes are kept in float32.
LEGACY = {"beta_1": 0.875, "beta_2": 0.96875}
EXACT = {"rtol": 1e-9, "atol": 1e-10}


def test_decay_of_addons():
    theirs = Decoupled(RATE, **LEGACY)
    theirs.shrink = 0.01
    form = {
        "class_name": "Addons>AdamW",
        "config": {"learning_rate": RATE, "weight_decay": 0.01, **LEGACY},
    }
    expected = trained(theirs, variables(), range(STEPS))

    for mine, other in zip(trained(ours(form), variables(), range(STEPS)), expected, strict=True):
        np.testing.assert_allclose(mine, other, **EXACT)
    extended = {
        "class_name": "extend_with_decoupled_weight_decay",
        "config": {"base_optimizer": "Adam", **form["config"]},
    }
    assert convert(extended).fields == convert(form).fields


def test_a_decay_apart_from_a_schedule_is_refused():
    rate = {"class_name": "CosineDecay", "config": {"initial_learning_rate": 0.1, "decay_steps": 9}}
    form = {"class_name": "Addons>SGDW", "config": {"learning_rate": rate, "weight_decay": 0.01}}

    with pytest.raises(optiplug.ConfigError, match="apart from a learning rate"):
        convert(form)
    assert "weight_decay" not in convert(form, partial=True).fields


def test_average_of_addons():
    inner = {"class_name": "SGD", "config": {"learning_rate": 1.0}}
    average = {"optimizer": inner, "average_decay": 0.5}
    optimizer = ours({"class_name": "Addons>MovingAverage", "config": average})
    weight = tf.Variable(2.0, name="weight")
    optimizer.apply_gradients([(tf.constant(1.0), weight)])
    optimizer.finalize_variable_values([weight])

    assert float(weight) == 1.5


ADDONS_SAMPLES = {
    "RectifiedAdam": ({"amsgrad": True}, 100, [[0.985769, 1.985269], [2.986119, 3.986068]]),
    "AdaBelief": ({"rectify": False}, 100, [[0.66723955, 1.6672393], [2.6672382, 3.6672382]]),
    "COCOB": ({}, 10, [[0.84528893, 1.845289], [2.845289, 3.845289]]),
    "NovoGrad": ({"learning_rate": 0.1}, 1, [[0.9552786425, 1.9105572849], [2.94, 3.92]]),
}


@pytest.mark.sampled(2)
@pytest.mark.parametrize("name", ADDONS_SAMPLES)
def test_samples_of_addons(name):
    """The numbers that its own tests expect, from the config that its classes have."""
    arguments, steps, expected = ADDONS_SAMPLES[name]
    optimizer = ours({"class_name": f"Addons>{name}", "config": arguments})
    model = [tf.Variable([1.0, 2.0]), tf.Variable([3.0, 4.0])]
    each = [[0.1, 0.2], [0.3, 0.4]] if name == "NovoGrad" else [[0.1, 0.2], [0.03, 0.04]]
    for _ in range(steps):
        optimizer.apply_gradients(list(zip(map(tf.constant, each), model, strict=True)))

    for variable, values in zip(model, expected, strict=True):
        np.testing.assert_allclose(variable, values, atol=2e-4)


def test_warmup_of_rectified_adam():
    arguments = {"learning_rate": 1e-3, "total_steps": 100, "warmup_proportion": 0.1, "min_lr": 1e-5}
    optimizer = ours({"class_name": "Addons>RectifiedAdam", "config": arguments})
    model = [tf.Variable([1.0, 2.0]), tf.Variable([3.0, 4.0])]
    for _ in range(100):
        optimizer.apply_gradients(list(zip(map(tf.constant, [[0.1, 0.2], [0.03, 0.04]]), model, strict=True)))

    np.testing.assert_allclose(model[0], [0.994062, 1.993912], atol=3e-6)


class Bert(tf_keras.optimizers.legacy.Adam):
    """Adam as the Model Garden extends it: a clip of all gradients, and a decay times the rate."""

    def apply_gradients(self, grads_and_vars):
        pairs = list(grads_and_vars)
        clipped, _ = tf.clip_by_global_norm([gradient for gradient, _ in pairs], 1.0)
        for _, variable in pairs:
            if "bias" not in variable.name:
                variable.assign_sub(variable * self._decayed_lr(variable.dtype) * 0.125)
        return super().apply_gradients(zip(clipped, [variable for _, variable in pairs], strict=True))


def test_bert_of_the_model_garden():
    form = {
        "optimizer": {
            "type": "adamw",
            "adamw": {**LEGACY, "weight_decay_rate": 0.125, "exclude_from_weight_decay": ["bias"]},
        },
        "learning_rate": {"type": "constant", "constant": {"learning_rate": RATE}},
    }
    expected = trained(Bert(RATE, **LEGACY), variables(), range(STEPS))

    for mine, other in zip(trained(ours(form), variables(), range(STEPS)), expected, strict=True):
        np.testing.assert_allclose(mine, other, **EXACT)


def test_what_the_model_garden_includes_is_decayed_all_the_same():
    lists = {"exclude_from_weight_decay": ["bias", "norm"], "include_in_weight_decay": ["head", "tail"]}
    rate = {"type": "constant", "constant": {"learning_rate": RATE}}
    form = {
        "optimizer": {"type": "adamw", "adamw": {"weight_decay_rate": 0.1, **lists}},
        "learning_rate": rate,
    }
    globs = convert(form).fields["exclude_from_weight_decay"]
    paths = ("dense/bias", "norm/scale", "dense/kernel", "head/bias", "norm/tail")

    assert [path for path in paths if any(optiplug.Selection.matches(path, glob) for glob in globs)] == [
        "dense/bias",
        "norm/scale",
    ]


@pytest.mark.parametrize("offset", [0, 4])
def test_warmup_of_the_model_garden(offset):
    decay = {"initial_learning_rate": 0.5, "decay_steps": 6, "end_learning_rate": 0.0}
    form = {
        "optimizer": {"type": "sgd"},
        "learning_rate": {"type": "polynomial", "polynomial": {**decay, "offset": offset}},
        "warmup": {"type": "linear", "linear": {"warmup_steps": 4, "warmup_learning_rate": 0.1}},
    }
    after = tf_keras.optimizers.schedules.PolynomialDecay(**decay)
    final = float(after(4 - offset))
    expected = [
        0.1 + step / 4 * (final - 0.1) if step < 4 else float(after(step - offset)) for step in range(12)
    ]
    told = convert(form).fields["learning_rate"]
    made = optiplug.registry.get("schedules", told.pop("use"))(**told).create()

    np.testing.assert_allclose([float(made(step)) for step in range(12)], expected, rtol=1e-6, atol=1e-8)


def test_an_offset_beside_a_warmup_of_another_length_is_refused():
    form = {
        "optimizer": {"type": "sgd"},
        "learning_rate": {
            "type": "cosine",
            "cosine": {"initial_learning_rate": 0.5, "decay_steps": 6, "offset": 3},
        },
        "warmup": {"type": "linear", "linear": {"warmup_steps": 4}},
    }

    with pytest.raises(optiplug.ConfigError, match="is not the number of steps of the warmup"):
        convert(form)

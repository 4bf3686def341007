"""Every cell of the table of half precision, with a gradient that float16 does not have."""

from __future__ import annotations

import re

import keras
import pytest
import tensorflow as tf
import tf_keras

import optiplug
from optiplug_keras import wrap
from optiplug_lab.config import TrainConfig
from optiplug_lab.trainer import Trainer
from support.project_paths import ROOT

BATCH = 4
# That of one output is 2^-26, and of the kernel 2^-24; a step moves it by 1.
TINY, FIELDS = 2.0**-24, {"learning_rate": 2.0**24, "jit_compile": False}


def cells():
    page = (ROOT / "docs/half-precision.md").read_text()
    rows = [re.split(r"\s*\|\s*", line.strip("| ")) for line in page.splitlines() if line.startswith("| ")]
    (header, *rows), found = rows, []
    policies = [each.strip("`") for each in header[2:]]
    for way, scaled, *outcomes in rows:
        for policy, outcome in zip(policies, outcomes, strict=True):
            name = f"{way}-{scaled}-{policy}"
            found.append(pytest.param(way, scaled == "yes", policy, outcome, id=name))
    return found


def linear(flavour, policy):
    layer = flavour.layers.Dense(
        1, use_bias=False, kernel_initializer="zeros", dtype=flavour_policy(flavour, policy)
    )
    return flavour.Sequential([flavour.layers.Input((1,)), layer])


def flavour_policy(flavour, policy):
    return flavour.mixed_precision.Policy(policy) if flavour is tf_keras else policy


def loss_of(outputs):
    return tf.reduce_mean(tf.cast(outputs, tf.float32)) * TINY


def created(scaled):
    return optiplug.create("sgd", processors=["loss_scale"] if scaled else [], **FIELDS)


def in_a_loop(scaled, policy, *, scales):
    model, optimizer = linear(keras, policy), created(scaled)
    optimizer.build(model.trainable_variables)
    with tf.GradientTape() as tape:
        loss = loss_of(model(tf.ones([BATCH, 1])))
        loss = optimizer.scale_loss(loss) if scales else loss
    variables = model.trainable_variables
    optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
    return model


def by_minimize(scaled, policy):
    model = linear(keras, policy)
    created(scaled).minimize(lambda: loss_of(model(tf.ones([BATCH, 1]))), model.trainable_variables)
    return model


def in_fit(scaled, policy, flavour=keras, **options):
    before = keras.config.dtype_policy() if flavour is keras else flavour.mixed_precision.global_policy()
    flavour.mixed_precision.set_global_policy(policy)  # that of the model, by which Keras decides
    try:
        model = linear(flavour, policy)
        optimizer = wrap("sgd", processors=["loss_scale"] if scaled else [], keras=flavour, **FIELDS)
        model.compile(optimizer, loss=lambda _, outputs: loss_of(outputs), jit_compile=False, **options)
    finally:
        flavour.mixed_precision.set_global_policy(before)
    model.fit(tf.ones([BATCH, 1]), tf.ones([BATCH, 1]), batch_size=BATCH, verbose=0)
    return model


class Linear:
    """The task of the same model."""

    def __init__(self, config):
        self.config = config

    def build(self, seed):
        self.model = linear(keras, self.config.policy)

    @property
    def variables(self):
        return [each.value for each in self.model.trainable_variables]

    def batch(self, step, batch_size, seed):
        return (tf.ones([batch_size, 1]),)

    def loss(self, inputs):
        return loss_of(self.model(inputs))

    def evaluate(self):
        return {"loss": 0.0}


class LinearConfig(optiplug.TaskConfig):
    """The same model."""

    implementation = Linear

    policy: str


def by_train(scaled, policy):
    optimizer = {"use": "sgd", "processors": ["loss_scale"] if scaled else [], **FIELDS}
    trainer = Trainer(
        TrainConfig(task=LinearConfig(policy=policy), optimizer=optimizer, steps=1, batch_size=BATCH)
    )
    trainer.step(tf.constant(0, tf.int64))
    return trainer.task.model


WAYS = {
    "loop of your own": lambda *cell: in_a_loop(*cell, scales=False),
    "loop of your own, by `scale_loss`": lambda *cell: in_a_loop(*cell, scales=True),
    "loop of your own, without it": lambda *cell: in_a_loop(*cell, scales=False),
    "`minimize`": by_minimize,
    "`fit`": in_fit,
    "`fit`, `auto_scale_loss=False`": lambda *cell: in_fit(*cell, auto_scale_loss=False),
    "`optiplug train`": by_train,
}


def outcome_of(run):
    try:
        model = run()
    except optiplug.OptiplugError as error:
        return "refused" if "scale" in str(error) and "Hint: " in str(error) else str(error)
    return {-1.0: "trains", 0.0: "lost"}[float(model.trainable_variables[0].numpy()[0, 0])]


@pytest.mark.sampled(5)
@pytest.mark.parametrize(("way", "scaled", "policy", "outcome"), cells())
def test_cell(way, scaled, policy, outcome):
    assert outcome_of(lambda: WAYS[way](scaled, policy)) == outcome


@pytest.mark.parametrize(
    ("way", "scaled", "policy", "outcome"), [each for each in cells() if "`fit`-" in each.id]
)
def test_tf_keras_is_the_same(way, scaled, policy, outcome):
    assert outcome_of(lambda: in_fit(scaled, policy, tf_keras)) == outcome


def test_every_way_has_all_cells():
    found = [each.values for each in cells()]
    assert {(way.partition(",")[0].strip("`"), scaled, policy) for way, scaled, policy, _ in found} == {
        (way, scaled, policy)
        for way in ("loop of your own", "minimize", "fit", "optiplug train")
        for scaled in (False, True)
        for policy in ("float32", "mixed_bfloat16", "mixed_float16")
    }

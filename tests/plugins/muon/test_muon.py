"""Muon: which variables it takes as which matrices, and who gets the others."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import optiplug

SHAPES = {
    "embedding": (6, 3),
    "conv/kernel": (2, 2, 3, 4),
    "conv/bias": (4,),
    "head/kernel": (4, 2),
    "scale": (),
}
DESCENT = {"use": "sgd", "learning_rate": 1.0}


def draw(seed, shapes=SHAPES):
    random = np.random.default_rng(seed)
    return {name: random.normal(size=shape) for name, shape in shapes.items()}


def variables_of(values):
    return {name: tf.Variable(tf.constant(value), name=name) for name, value in values.items()}


def stepped(optimizer, gradients, shapes=SHAPES):
    """Return what one step from zero adds to each variable."""
    variables = variables_of({name: np.zeros(shape) for name, shape in shapes.items()})
    pairs = [(tf.constant(gradients[name]), each) for name, each in variables.items()]
    optimizer.apply_gradients(pairs)
    return {name: each.numpy() for name, each in variables.items()}


def singular_values(matrix):
    return np.linalg.svd(matrix, compute_uv=False)


def test_matrices_become_orthogonal_others_fall_back():
    gradients = draw(0)
    step = stepped(
        optiplug.create("muon", learning_rate=1.0, skip=["embedding"], fallback=DESCENT), gradients
    )
    for name in ("conv/bias", "scale", "embedding"):
        np.testing.assert_array_equal(step[name], -gradients[name])
    np.testing.assert_allclose(singular_values(step["conv/kernel"].reshape(12, 4)), 1.0, atol=0.33)
    np.testing.assert_allclose(singular_values(step["head/kernel"]), 1.0, atol=0.33)


def test_only_narrows_the_matrices():
    gradients = draw(1)
    step = stepped(optiplug.create("muon", learning_rate=1.0, only=["conv/*"], fallback=DESCENT), gradients)
    for name in ("conv/bias", "scale", "embedding", "head/kernel"):
        np.testing.assert_array_equal(step[name], -gradients[name])
    np.testing.assert_allclose(singular_values(step["conv/kernel"].reshape(12, 4)), 1.0, atol=0.33)


def test_state_is_named_for_its_owner():
    optimizer = optiplug.create("muon", skip=["embedding"])
    optimizer.build(list(variables_of(draw(2)).values()))
    names = set(optimizer.state.states)
    assert {"momentum/conv/kernel", "momentum/head/kernel"} <= names
    assert {"fallback/momentum/conv/bias", "fallback/second_moment/embedding"} <= names
    assert not {"momentum/embedding", "momentum/conv/bias", "fallback/momentum/head/kernel"} & names
    assert float(optimizer.nested["fallback"].learning_rate) == pytest.approx(3e-4)


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("scale", "shape", "factor"),
    [
        ("original", (3, 12), 2.0),
        ("original", (12, 3), 1.0),
        ("match_rms_adamw", (3, 25), 1.0),
        ("match_rms_adamw", (25, 3), 1.0),
    ],
)
def test_the_scale_follows_inputs_and_outputs(scale, shape, factor):
    optimizer = optiplug.create("muon", learning_rate=1.0, scale=scale)
    step = stepped(optimizer, draw(3, {"kernel": shape}), {"kernel": shape})["kernel"]
    np.testing.assert_allclose(singular_values(step) / factor, 1.0, atol=0.33)


def test_output_axes_say_which_axes_are_columns():
    shapes = {"query/kernel": (5, 2, 3), "output/kernel": (2, 3, 5)}
    optimizer = optiplug.create("muon", learning_rate=1.0, output_axes={"query/*": [1, 2]})
    step = stepped(optimizer, draw(4, shapes), shapes)
    query, output = step["query/kernel"].reshape(5, 6), step["output/kernel"].reshape(6, 5)
    np.testing.assert_allclose(singular_values(query) / np.sqrt(6 / 5), 1.0, atol=0.33)
    np.testing.assert_allclose(singular_values(output), 1.0, atol=0.33)


@pytest.mark.parametrize(("name", "glob"), [("experts/kernel", "experts/*"), ("block[0]/experts",) * 2])
def test_batch_axes_make_a_stack_of_matrices(name, glob):
    shapes = {name: (3, 5, 4)}
    optimizer = optiplug.create("muon", learning_rate=1.0, batch_axes={glob: [0]}, jit_compile=False)
    step = stepped(optimizer, draw(5, shapes), shapes)[name]
    for matrix in step:
        np.testing.assert_allclose(singular_values(matrix), 1.0, atol=0.33)


@pytest.mark.slow
def test_decay_by_keyword_is_that_of_the_matrices():
    start = draw(6)
    variables = variables_of(start)
    optimizer = optiplug.create("muon", learning_rate=0.5, weight_decay=0.5, fallback={**DESCENT})
    optimizer.apply_gradients([(tf.zeros_like(each), each) for each in variables.values()])
    for name, each in variables.items():
        factor = 0.75 if len(SHAPES[name]) > 1 else 1.0
        np.testing.assert_allclose(each.numpy(), start[name] * factor, rtol=1e-12)


@pytest.mark.slow
def test_a_clip_by_keyword_sees_all_variables():
    gradients = {name: value * 0 for name, value in draw(7).items()} | {"scale": np.array(30.0)}
    gradients["conv/bias"] = np.full(4, 20.0)
    optimizer = optiplug.create("muon", global_clipnorm=1.0, fallback=DESCENT)
    step = stepped(optimizer, gradients)
    np.testing.assert_allclose(step["scale"], -0.6)
    np.testing.assert_allclose(step["conv/bias"], -0.4)


@pytest.mark.parametrize("shapes", [{"kernel": (2, 3)}, {"bias": (3,)}])
def test_models_of_one_kind_of_variables_train(shapes):
    gradients = draw(8, shapes)
    step = stepped(optiplug.create("muon", learning_rate=0.1), gradients, shapes)
    assert all(value.any() for value in step.values())


@pytest.mark.slow
def test_every_scale_of_gradients_gives_the_same_step_in_float32():
    gradient = np.random.default_rng(9).normal(size=(4, 3))
    steps = []
    for scale in (1e-3, 1.0, 1e10):
        gradients = {"kernel": (gradient * scale).astype(np.float32)}
        variable = tf.Variable(tf.zeros([4, 3]), name="kernel")
        optiplug.create("muon").apply_gradients([(tf.constant(gradients["kernel"]), variable)])
        steps.append(variable.numpy())
    np.testing.assert_allclose(steps[0], steps[1], atol=1e-5)
    np.testing.assert_allclose(steps[2], steps[1], atol=1e-5)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"skip": ["nothing"]}, "muon.skip"),
        ({"output_axes": {"nothing": [0]}}, "muon.output_axes"),
        ({"output_axes": {"head/kernel": [2]}}, "axes from 0 to 1"),
        ({"output_axes": {"head/kernel": [0, -2]}}, "named once"),
        ({"output_axes": {"head/kernel": [0, 1]}}, "inputs and for the outputs"),
        ({"output_axes": {"head/kernel": []}}, "inputs and for the outputs"),
        ({"batch_axes": {"head/kernel": [1]}}, "inputs and for the outputs"),
    ],
)
def test_what_does_not_fit_the_variables_is_refused(wrong, message):
    optimizer = optiplug.create("muon", **wrong)
    with pytest.raises(optiplug.ConfigError, match=message):
        optimizer.build(list(variables_of(draw(10)).values()))


@pytest.mark.parametrize(
    "wrong",
    [{"momentum": 1.0}, {"ns_steps": 0}, {"epsilon": 0.0}, {"scale": "spectral"}, {"fallback": "no_such"}],
)
def test_what_is_out_of_range_is_refused(wrong):
    (name,) = wrong
    with pytest.raises(optiplug.ConfigError, match=name):
        optiplug.create("muon", **wrong)


def test_the_fallback_is_named_as_any_optimizer_is():
    config = optiplug.create("muon", fallback="adam").config
    assert config.dump()["fallback"]["use"] == "adam"
    assert optiplug.create("muon").config.dump()["fallback"]["use"] == "adamw"

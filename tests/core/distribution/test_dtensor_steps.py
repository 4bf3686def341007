"""Steps on a mesh beyond those of the matrix are those of a single device too."""

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from support.device_places import BY_MODEL, ONE, OTHERWISE, REPLICATED, OnMesh
from support.placed_runs import EVERYTHING, SHAPES, Run, assert_close, batches

UNCOMPILED = {**EVERYTHING, "jit_compile": False}


def tensor(place, array):
    """Return a replicated tensor, or a plain one where there is no mesh."""
    return place.tensor(array) if isinstance(place, OnMesh) else tf.constant(array)


@pytest.mark.parametrize(
    "place", [REPLICATED, BY_MODEL, OTHERWISE], ids=["replicated", "by model", "otherwise"]
)
def test_the_global_norm_is_that_of_the_whole_variables(place):
    generator = np.random.default_rng(2)
    gradients = {name: generator.normal(size=shape).astype("float32") for name, shape in SHAPES.items()}
    norm = np.sqrt(sum(np.sum(np.square(each, dtype="float64")) for each in gradients.values()))
    assert norm > 1
    run = Run(place, {"learning_rate": 1.0, "global_clipnorm": 1.0})
    before = run.values()
    run.apply([place.tensor(each, name) for name, each in gradients.items()])
    after = run.values()
    for name, gradient in gradients.items():
        np.testing.assert_allclose(before[name] - after[name], gradient / norm, rtol=1e-5, atol=1e-6)


def test_gradients_of_rows():
    def trained(place):
        run = Run(place, {**UNCOMPILED, "processors": []})
        table = run.model["table"]

        @tf.function
        def step(values, rows):
            run.optimizer.apply_gradients([(tf.IndexedSlices(values, rows, table.shape), table)])

        for rows in ([3, 3, 1], [30, 0, 3]):
            step(tensor(place, np.arange(60, dtype="float32").reshape(3, 20) / 60), tensor(place, rows))
        return run.values()

    expected = trained(ONE)
    for specs in (["", "y"], ["x"]):
        assert_close(trained(OnMesh({"table": specs})), expected)


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("optimizer", "config"),
    [
        ("adam", {}),
        ("sgd", {"processors": [{"use": "centralize_gradients"}, {"use": "add_noise", "eta": 0.1}]}),
    ],
    ids=["adam", "noise"],
)
def test_other_optimizers_and_processors(optimizer, config):
    expected, ours = (
        Run(place, {"jit_compile": False, **config}, optimizer).train(batches()[:4]).values()
        for place in (ONE, BY_MODEL)
    )
    assert_close(ours, expected)


@pytest.mark.slow
def test_a_loop_in_a_function():
    def trained(place):
        run = Run(place, UNCOMPILED)

        @tf.function
        def steps(x):
            for _ in tf.range(3):
                run.step(x)

        for _ in range(2):
            steps(tensor(place, batches()[0]))
        return run.values()

    expected = trained(ONE)
    assert expected["iterations"] == 3
    assert_close(trained(BY_MODEL), expected)


def test_a_second_step_in_one_function_is_refused():
    """DTensor would let it read the variables from before the first, without a word."""
    run = Run(BY_MODEL)

    @tf.function
    def steps():
        for _ in range(2):
            run.apply([variable * 2.0 for variable in run.variables])

    with pytest.raises(optiplug.ReplicaContextError, match=r"only one in its function.*tf\.range"):
        steps()


@pytest.mark.slow
def test_late_variables():
    def trained(place):
        run = Run(place, UNCOMPILED)
        for known in (run.variables[:2], run.variables, run.variables[2:]):
            for number in range(2):
                gradients = [tensor(place, np.full(each.shape, number + 1.0, "float32")) for each in known]
                run.optimizer.apply_gradients(zip(gradients, known, strict=True))
        return run.values()

    assert_close(trained(BY_MODEL), trained(ONE))


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", ["adam", "muon", "dog", "sm3"])
def test_half_precision_is_rounded_as_on_one_device(optimizer):
    def trained(place):
        array = np.random.default_rng(3).normal(size=SHAPES["kernel"])
        variable = place.variable(tf.cast(array, "bfloat16").numpy(), "kernel")
        ours = optiplug.create(optimizer, jit_compile=False)
        for number in range(3):
            gradient = np.random.default_rng(number).normal(size=SHAPES["kernel"])
            ours.apply_gradients([(tensor(place, gradient.astype(array.dtype)), variable)])
        (value,) = place.values({"kernel": variable})[:1]
        return {name: np.float64(each) for name, each in value.items()} | {
            name: state.numpy() for name, state in ours.state.states.items()
        }

    assert_close(trained(BY_MODEL), trained(ONE))

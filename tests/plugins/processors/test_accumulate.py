"""Accumulation where variables have a gradient in some of the calls only."""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pytest
import tensorflow as tf

import optiplug
from optiplug.testing.training import apply_as_scaled
from optiplug_processors.accumulate import Accumulate
from references.adam import Adam
from references.processors import ORACLES, WeightDecay
from references.training import train
from support.meshes import laid_out, mesh, whole
from support.strategies import mirrored, on_every_device

SHAPES = {"a": (3, 2), "b": (2,), "c": (), "table": (4, 2)}
RATE, DECAY, STEPS = 0.125, 0.25, 2
NAN = float("nan")

# Of each call, the variables that have a gradient; two calls are a step.
CALLS = {
    "in the first call": ["ab", "a", "ab", "a"],
    "in the last call": ["a", "ab", "a", "ab"],
    "in turns": ["a", "b", "b", "a"],
    "never": ["a", "a", "a", "a"],
    "at times": ["abc", "a", "a", "a", "c", "b", "abc", "abc"],
}


def gradients(calls, shapes=SHAPES):
    """Return what each call is given: multiples of 1/64, so that sums are exact."""
    random = np.random.default_rng(5)
    drawn = [
        {name: np.round(random.normal(size=shape) * 64) / 64 for name, shape in shapes.items()} for _ in calls
    ]
    return [{name: each[name] for name in names} for names, each in zip(calls, drawn, strict=True)]


def starts():
    random = np.random.default_rng(6)
    return {name: random.normal(size=shape).astype("float32") for name, shape in SHAPES.items()}


def optimizer(processors=(), use="adam", **config):
    hooks = [*processors, Accumulate(STEPS)]
    return optiplug.create(
        use, **{"learning_rate": RATE, "weight_decay": DECAY, "processors": hooks, **config}
    )


def variables(make=tf.Variable):
    return {name: make(value, name=name) for name, value in starts().items()}


def apply(ours, model, given):
    pairs = [(given.get(name), variable) for name, variable in model.items()]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        apply_as_scaled(
            ours, [(each if each is None or tf.is_tensor(each) or isinstance(each, tf.IndexedSlices)
              else tf.constant(each, tf.float32), variable) for each, variable in pairs]
        )  # fmt: skip


def trained(calls, ours=None, of=lambda given: given):
    ours, model = ours or optimizer(), variables()
    ours.build(list(model.values()))
    for given in gradients(calls):
        apply(ours, model, of(given))
    return {name: each.numpy() for name, each in model.items()}, ours


def expected(calls, processors=()):
    """Return what the oracle ends with."""
    names = list(SHAPES)
    present = [[given.get(name) for name in names] for given in gradients(calls)]
    oracles = [*processors, ORACLES["accumulate"](STEPS), WeightDecay(DECAY)]
    end = train(Adam(learning_rate=RATE), oracles, list(starts().values()), present)[-1]
    return dict(zip(names, end, strict=True))


def assert_close(ours, theirs):
    for name, value in theirs.items():
        np.testing.assert_allclose(ours[name], value, rtol=1e-5, atol=1e-6, err_msg=name)


@pytest.mark.slow
@pytest.mark.parametrize("jit_compile", [True, False], ids=["compiled", "uncompiled"])
@pytest.mark.parametrize("calls", CALLS.values(), ids=CALLS)
def test_equals_the_oracle(calls, jit_compile):
    ours, _ = trained(calls, optimizer(jit_compile=jit_compile))
    assert_close(ours, expected(calls))


def test_what_never_had_a_gradient_is_left_alone():
    ours, made = trained(CALLS["never"], optimizer(use_ema=True))
    for name in ("b", "c", "table"):
        np.testing.assert_array_equal(ours[name], starts()[name])
    moments = {name: state.numpy() for name, state in made.state.states.items() if "moment" in name}
    assert [name for name, value in moments.items() if value.any()] == ["momentum/a", "second_moment/a"]
    assert int(made.iterations) == 2


@pytest.mark.slow
@pytest.mark.parametrize("jit_compile", [True, False], ids=["compiled", "uncompiled"])
@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_a_gradient_of_zero_is_a_gradient(zero, jit_compile):
    """It lets momentum run on, and weights decay."""

    def zeros(given):
        return {name: np.full_like(each, zero) if name == "b" else each for name, each in given.items()}

    early, _ = trained(["ab", "a"], optimizer(jit_compile=jit_compile), of=zeros)
    late, _ = trained(["a", "ab"], optimizer(jit_compile=jit_compile), of=zeros)
    assert not np.array_equal(early["b"], starts()["b"])
    np.testing.assert_array_equal(early["b"], late["b"])


@pytest.mark.sampled(3)
@pytest.mark.parametrize("dtype", ["bfloat16", "float64", "complex64"])
def test_every_dtype(dtype):
    for order in itertools.permutations(["ab", "a"]):
        model = {name: tf.Variable(tf.cast([1.0, 2.0], dtype), name=name) for name in "ab"}
        ours = optiplug.create("sgd", learning_rate=0.5, processors=[Accumulate(2, "sum")])
        ours.build(list(model.values()))
        for names in order:
            apply(ours, model, {name: tf.cast([1.0, 4.0], dtype) for name in names})
        np.testing.assert_array_equal(tf.cast(model["b"], "complex64"), [0.5, 0.0])
        np.testing.assert_array_equal(tf.cast(model["a"], "complex64"), [0.0, -2.0])


def rows(given):
    """Give the table's gradient as rows, one of them twice."""
    if "table" not in given:
        return given
    values = tf.constant(np.concatenate([given["table"], given["table"][:1]]), tf.float32)
    return {**given, "table": tf.IndexedSlices(values, tf.constant([0, 1, 2, 3, 0]), tf.constant([4, 2]))}


def summed(given):
    return {
        name: tf.convert_to_tensor(each) if name == "table" else each for name, each in rows(given).items()
    }


@pytest.mark.slow
@pytest.mark.parametrize("calls", [[["a", "table"], "a"], ["a", ["a", "table"]]], ids=["first", "last"])
def test_rows(calls):
    assert_close(trained(calls, of=rows)[0], trained(calls, of=summed)[0])
    assert not np.array_equal(trained(calls, of=rows)[0]["table"], starts()["table"])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("order", "bad", "left"),
    [
        (["skip_non_finite", "accumulate"], [1], ["ab", "b", "a", "ab"]),
        (["accumulate", "skip_non_finite"], [1], ["b", "a"]),
        (["loss_scale", "accumulate"], [0, 3], ["a", "b", "ab"]),
    ],
    ids=["before the sum", "after the sum", "by a loss scale"],
)
def test_with_calls_that_are_skipped(order, bad, left):
    """A bad call before the sum is forgotten; a bad sum is, with all that it holds."""
    calls, accumulate = ["ab", "a", "b", "a", "ab"], {"use": "accumulate", "steps": STEPS}
    hooks = [accumulate if name == "accumulate" else {"use": name} for name in order]
    if "loss_scale" in order:
        hooks[0] |= {"initial_scale": 1.0, "dynamic": False}
    given = gradients(calls)
    kept = [each for call, each in enumerate(given) if call not in bad]
    if order[0] == "accumulate":
        kept = given[2:4]
    assert [sorted(each) for each in kept] == [sorted(each) for each in left]
    for call in bad:
        given[call] = {name: each * NAN for name, each in given[call].items()}
    ends = []
    skipping = optiplug.create("adam", learning_rate=RATE, weight_decay=DECAY, processors=hooks)
    for walked, ours in ((given, skipping), (kept, optimizer())):
        model = variables()
        ours.build(list(model.values()))
        for each in walked:
            apply(ours, model, each)
        ends.append({name: each.numpy() for name, each in model.items()})
    assert_close(*ends)


@pytest.mark.slow
def test_inside_of_a_partition_it_is_refused_and_around_it_works():
    inner = {"use": "sgd", "learning_rate": RATE, "processors": [{"use": "accumulate", "steps": 2}]}
    groups = [{"name": "b", "only": ["b"], "optimizer": inner}, {"name": "rest", "optimizer": "adam"}]
    with pytest.raises(optiplug.ConfigError, match="belongs to the step"):
        trained(["ab"], optiplug.create("partition", groups=groups))
    groups = [
        {"name": "b", "only": ["b"], "optimizer": {"use": "sgd", "learning_rate": RATE, "momentum": 0.5}},
        {"name": "rest", "optimizer": {"use": "adam", "learning_rate": RATE, "weight_decay": DECAY}},
    ]
    ends = [
        trained(calls, optiplug.create("partition", groups=groups, processors=[Accumulate(2)]))[0]
        for calls in (["ab", "ac"], ["ac", "ab"])
    ]
    given = gradients(["ab", "ac"])
    np.testing.assert_allclose(ends[0]["b"], starts()["b"] - RATE * given[0]["b"] / 2, rtol=1e-6)
    assert_close({"table": ends[0]["table"]}, {"table": starts()["table"]})
    assert not np.array_equal(ends[0]["c"], starts()["c"])


@pytest.mark.slow
def test_on_two_mirrored_devices():
    strategy, calls = mirrored(2), CALLS["at times"]
    with strategy.scope():
        ours, model = optimizer(), variables()
        ours.build(list(model.values()))
    for given in gradients(calls):
        half = {name: tf.constant(each / 2, tf.float32) for name, each in given.items()}
        strategy.run(lambda half=half: apply(ours, model, half))
    first, second = on_every_device(strategy, list(model.values()))
    assert_close(dict(zip(model, first, strict=True)), expected(calls))
    assert_close(dict(zip(model, second, strict=True)), dict(zip(model, first, strict=True)))


@pytest.mark.slow
@pytest.mark.parametrize("calls", [CALLS["in turns"], CALLS["never"]], ids=["in turns", "never"])
def test_on_a_mesh(calls):
    on = mesh(2, 2)

    def variable(value, name):
        return tf.experimental.dtensor.DVariable(laid_out(on, value, ["y"] if name == "b" else []), name=name)

    ours, model = optimizer(jit_compile=False, mesh=on), variables(variable)
    ours.build(list(model.values()))
    for given in gradients(calls):
        placed = {name: laid_out(on, each.astype("float32")) for name, each in given.items()}
        tf.function(lambda placed=placed: apply(ours, model, placed))()
    assert_close({name: whole(each) for name, each in model.items()}, expected(calls))


@pytest.mark.slow
def test_saved_and_resumed_between_the_calls_of_a_step(tmp_path):
    calls = CALLS["at times"]
    for pause in (1, 5):
        model, ours = variables(), optimizer()
        for given in gradients(calls)[:pause]:
            apply(ours, model, given)
        ours.build(list(model.values()))
        path = tf.train.Checkpoint(optimizer=ours, **model).write(str(tmp_path / f"{pause}"))
        again, resumed = variables(), optimizer()
        status = tf.train.Checkpoint(optimizer=resumed, **again).read(path)
        resumed.build(list(again.values()))
        status.assert_consumed()
        for given in gradients(calls)[pause:]:
            apply(resumed, again, given)
        assert_close({name: each.numpy() for name, each in again.items()}, expected(calls))


def test_a_variable_that_appears_between_the_calls_of_a_step():
    model, ours = variables(), optimizer()
    late = {"c": model.pop("c")}
    apply(ours, model, {"a": np.ones((3, 2))})
    apply(ours, {**model, **late}, {"c": 1.0})
    assert not np.array_equal(model["a"], starts()["a"])
    assert not np.array_equal(late["c"], starts()["c"])
    np.testing.assert_array_equal(model["b"], starts()["b"])


@pytest.mark.slow
def test_two_of_them_one_after_the_other():
    """Two calls of two calls: what had no gradient in any of the four is left alone."""

    def run(calls):
        return trained(calls, optimizer([Accumulate(2)]))[0]

    ends = [run(calls) for calls in (["ab", "a", "a", "a"], ["a", "a", "a", "ab"], ["a", "a", "ab", "a"])]
    assert not np.array_equal(ends[0]["b"], starts()["b"])
    np.testing.assert_array_equal(ends[0]["c"], starts()["c"])


@pytest.mark.slow
def test_schedules_averages_and_clips_see_one_step():
    config = {
        "use_ema": True,
        "global_clipnorm": 0.25,
        "weight_decay": None,
        "learning_rate": lambda iteration: tf.where(iteration == 0, 1.0, 0.0),
    }
    for calls in (["ab", "a"] * 2, ["a", "ab"] * 2):
        ours, made = trained(calls, optimizer(use="sgd", **config))
        first = gradients(calls)[:2]
        means = {name: sum(each.get(name, 0) for each in first) / 2 for name in "ab"}
        norm = np.sqrt(sum(np.sum(each**2) for each in means.values()))
        assert norm > 0.25
        moved = {name: starts()[name] - mean * 0.25 / norm for name, mean in means.items()}
        assert_close(ours, moved)
        average = made.state.states["ema/average/b"].numpy()
        momentum = 0.99
        expected_average = starts()["b"] * momentum**2 + moved["b"] * (1 - momentum**2)
        np.testing.assert_allclose(average, expected_average, rtol=1e-5)
        assert int(made.iterations) == 2


def test_the_usual_program_is_not_changed_by_it():
    """Where all have a gradient nothing is conditional, and no variable has state for it but the sum."""
    ours = optimizer(use="sgd")
    model = variables()
    ours.build(list(model.values()))
    assert sorted(name for name in ours.state.states if name.startswith("accumulate")) == [
        "accumulate/count", *(f"accumulate/sum/{name}" for name in sorted(SHAPES)),
    ]  # fmt: skip
    assert " select(" not in ours.compiled_program()

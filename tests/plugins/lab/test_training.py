from __future__ import annotations

import json
import os
import signal

import numpy as np
import pytest
import tensorflow as tf

from optiplug import ConfigError, Optimizer, register, registry
from optiplug_lab.config import TrainConfig
from optiplug_lab.folder import RunFolder
from optiplug_lab.rows import read_metrics
from optiplug_lab.run import Run
from optiplug_lab.trainer import Trainer

SMALL = {"use": "digits", "widths": [2, 4, 8]}
FULL = {
    "use": "sgd",
    "learning_rate": {"use": "cosine", "initial_learning_rate": 0.1, "decay_steps": 20},
    "momentum": 0.9,
    "nesterov": True,
    "jit_compile": False,
    "processors": [
        "skip_non_finite",
        {"use": "accumulate", "steps": 2},
        {"use": "clip_by_global_norm", "max_norm": 1.0},
        {"use": "weight_decay", "rate": 1e-2, "skip": ["*/bias"]},
        {"use": "add_noise", "eta": 0.01},
        {"use": "ema", "momentum": 0.5},
    ],
}

PLAIN = {"use": "sgd", "learning_rate": 0.1, "jit_compile": False}
UNGATED = {**FULL, "processors": FULL["processors"][2:]}


def config(**changes):
    values = {"task": SMALL, "optimizer": FULL, "steps": 8, "batch_size": 16, "seed": 3}
    schedule = {"log_every": 3, "evaluate_every": 4, "checkpoint_every": 5}
    return TrainConfig(**{**values, **schedule, **changes})


class Quiet:
    """Hears of progress, and interrupts the process at a step."""

    def __init__(self, interrupt_at=None):
        self.interrupt_at, self.heard = interrupt_at, []

    def update(self, step, figures):
        self.heard.append((step, figures))
        if step == self.interrupt_at:
            os.kill(os.getpid(), signal.SIGTERM)


def begun(path, resume=False, **changes):
    return Run(config(**changes), RunFolder(path), resume=resume)


def trained(path, resume=False, **changes):
    with begun(path, resume, **changes) as run:
        run.train(Quiet())
    return run


def interrupted(path, at, resume=False, **changes):
    with begun(path, resume, **changes) as run, pytest.raises(KeyboardInterrupt):
        run.train(Quiet(interrupt_at=at))
    return run


def state(path):
    """Everything that a run leaves: metrics, final weights, and every tensor of its last checkpoint."""
    newest = max((path / "checkpoints").glob("step-*"))
    reader = tf.train.load_checkpoint(str(newest / "values"))
    tensors = {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}
    tensors.pop("_CHECKPOINTABLE_OBJECT_GRAPH")
    weights = np.load(path / "weights.npz")
    return (
        (path / "metrics.csv").read_text(),
        {name: weights[name].tobytes() for name in weights},
        {name: np.asarray(tensor).tobytes() for name, tensor in tensors.items()},
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run of every stage on two devices, never interrupted."""
    path = tmp_path_factory.mktemp("whole")
    trained(path, strategy={"mirrored": 2})
    return path


@pytest.mark.slow
def test_an_interrupted_run_is_resumed_bit_for_bit(tmp_path, whole):
    before = signal.getsignal(signal.SIGTERM)
    run = interrupted(tmp_path, 3, strategy={"mirrored": 2})

    assert run.step == 3
    assert signal.getsignal(signal.SIGTERM) is before
    trained(tmp_path, resume=True, strategy={"mirrored": 2})
    assert state(tmp_path) == state(whole)


@pytest.mark.slow
def test_resuming_at_the_end_trains_no_more(whole):
    before = state(whole)
    trained(whole, resume=True, strategy={"mirrored": 2})

    assert state(whole) == before


@pytest.mark.slow
def test_a_run_made_longer_equals_one_that_was_long(tmp_path):
    changes = {
        "task": {"use": "chars", "context": 4, "hidden": 8},
        "optimizer": {"use": "adamw", "use_ema": True, "jit_compile": False},
    }
    trained(tmp_path / "long", **changes)
    trained(tmp_path / "short", **changes, steps=4)
    trained(tmp_path / "short", resume=True, **changes)

    assert state(tmp_path / "short") == state(tmp_path / "long")


def test_fewer_steps_than_were_taken(tmp_path):
    trained(tmp_path, optimizer=PLAIN, steps=4)

    with pytest.raises(ConfigError, match="the run has taken 4 steps already"):
        begun(tmp_path, resume=True, optimizer=PLAIN, steps=3)


def test_a_run_folder_has_everything(tmp_path):
    progress = Quiet()
    with begun(tmp_path, optimizer=PLAIN) as run:
        summary = run.train(progress)
    columns = read_metrics(tmp_path / "metrics.csv")

    assert [step for step, _ in progress.heard] == [3, 6, 8]
    assert list(progress.heard[0][1]) == ["loss", "learning_rate", "gradient_norm", "test_accuracy"]
    assert [step for step, _ in columns["loss"]] == list(range(1, 9))
    assert [step for step, _ in columns["test_accuracy"]] == [0, 4, 8]
    assert columns["test_accuracy"][-1][1] == np.float32(summary.trained["accuracy"])
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
    weights = np.load(tmp_path / "weights.npz")
    for name, variable in run.trainer.variables.items():
        np.testing.assert_array_equal(weights[name], variable)
    result = json.loads((tmp_path / "result.json").read_text())
    assert result == summary.as_json()
    assert (result["steps"], result["optimizer"], result["devices"]) == (8, "sgd", ["CPU:0"])
    assert result["last"] == {name: points[-1][1] for name, points in columns.items()}


@pytest.mark.slow
def test_a_run_that_goes_on_has_no_result_until_it_ends(tmp_path):
    trained(tmp_path, optimizer=PLAIN, steps=2)
    interrupted(tmp_path, 3, resume=True, optimizer=PLAIN)

    assert not (tmp_path / "result.json").exists()


def test_numbers_that_json_has_not_are_null(tmp_path):
    run = Run(config(optimizer=PLAIN, steps=1), RunFolder(tmp_path))
    run.trainer.variables["dense_2/bias"].assign(tf.fill([10], np.nan))
    run.train(Quiet())
    result = json.loads((tmp_path / "result.json").read_text())

    assert result["last"]["loss"] is None
    assert result["steps_per_second"] is None


def test_slow_steps_are_told_of_between_two_logs(tmp_path, monkeypatch):
    monkeypatch.setattr("optiplug_lab.run._SILENCE", 0.0)
    progress = Quiet()
    Run(config(optimizer=PLAIN, steps=4, log_every=100), RunFolder(tmp_path)).train(progress)

    assert [step for step, _ in progress.heard] == [2, 3, 4]


@pytest.mark.slow
def test_the_final_weights_are_the_averages(tmp_path):
    run = trained(tmp_path, optimizer={**PLAIN, "use_ema": True})
    averages = [value for name, value in run.trainer.optimizer.state.states.items() if "average" in name]

    assert len(averages) == len(run.trainer.variables)
    for average, variable in zip(averages, run.trainer.variables.values(), strict=True):
        np.testing.assert_array_equal(average.numpy(), variable)


@pytest.mark.slow
def test_devices_share_the_work_and_not_the_result():
    runs = [Trainer(config(optimizer=UNGATED, strategy=strategy)) for strategy in ("none", {"mirrored": 4})]
    for number in range(5):
        one, four = (run.step(tf.constant(number, tf.int64)).numpy() for run in runs)
        np.testing.assert_allclose(four, one, rtol=1e-5)

    assert [run.optimizer.trace_count for run in runs] == [1, 4]
    for one, four in zip(*(run.task.variables for run in runs), strict=True):
        np.testing.assert_allclose(four, one, rtol=1e-5, atol=1e-6)


@pytest.mark.slow
def test_readings_are_those_of_the_whole_batch_before_clipping():
    trainer = Trainer(config(strategy={"mirrored": 2}, optimizer=UNGATED))
    task, first = trainer.task, tf.constant(0, tf.int64)
    with tf.GradientTape() as tape:
        loss = task.loss(*task.batch(first, 16, 3))
    norm = tf.linalg.global_norm(tape.gradient(loss, task.variables))

    assert trainer.readings == ("loss", "learning_rate", "gradient_norm")
    np.testing.assert_allclose(trainer.step(first), [loss, 0.1, norm], rtol=1e-5)
    assert norm > 1


def test_an_optimizer_without_a_learning_rate():
    class Halving(Optimizer):
        def update_step(self, gradient, variable):
            variable.assign(variable / 2)

    try:
        register(Halving, "halving")
        trainer = Trainer(config(optimizer={"use": "halving", "jit_compile": False}))
    finally:
        registry.unregister("optimizers", "halving")

    assert trainer.readings == ("loss", "gradient_norm")
    assert trainer.step(tf.constant(0, tf.int64)).shape == [2]


@pytest.mark.slow
def test_rates_are_those_of_each_optimizer_inside():
    cosine = {"use": "cosine", "initial_learning_rate": 0.1, "decay_steps": 4}
    groups = [
        {"name": "first", "only": ["conv_1/*"], "optimizer": {"use": "sgd", "learning_rate": cosine}},
        {"name": "rest", "optimizer": {"use": "muon", "learning_rate": 0.5, "fallback": {"use": "adam"}}},
        {"name": "none", "optimizer": "sgd"},
    ]
    trainer = Trainer(config(optimizer={"use": "partition", "groups": groups, "jit_compile": False}))
    rates = [trainer.step(tf.constant(number, tf.int64)).numpy()[1:-1] for number in range(2)]

    names = ("first", "rest", "rest/fallback")
    assert trainer.readings == ("loss", *(f"learning_rate/{name}" for name in names), "gradient_norm")
    np.testing.assert_allclose(rates, [[0.1, 0.5, 0.001], [0.0853553, 0.5, 0.001]], rtol=1e-5)


@pytest.mark.parametrize(
    "processor", [{"use": "accumulate", "steps": 2}, "skip_non_finite"], ids=["held back", "dropped"]
)
def test_a_step_that_was_not_made_has_no_gradient_norm(processor):
    trainer = Trainer(config(optimizer={**PLAIN, "processors": [processor]}))
    if processor == "skip_non_finite":
        trainer.variables["dense_2/bias"].assign(tf.fill([10], np.nan))
    assert trainer.step(tf.constant(0, tf.int64)).numpy()[1:].tolist() == [np.float32(0.1), -1]


@pytest.mark.sampled(2)
@pytest.mark.parametrize("strategy", ["none", {"mirrored": 2}], ids=["one device", "two"])
def test_a_loss_scale_scales_the_loss(strategy):
    plain, scaled = (
        Trainer(config(strategy=strategy, optimizer={**PLAIN, "processors": processors}))
        for processors in ([], ["loss_scale"])
    )
    for number in range(2):
        one, other = (each.step(tf.constant(number, tf.int64)).numpy() for each in (plain, scaled))
        np.testing.assert_allclose(other, one, rtol=1e-6)
    assert one[2] > 0.5


def test_sam_evaluates_the_loss_twice():
    plain, sam = (
        Trainer(config(optimizer=each))
        for each in (PLAIN, {"use": "sam", "optimizer": PLAIN | {"jit_compile": True}})
    )
    for each in (plain, sam):
        each.step(tf.constant(0, tf.int64))
    one, other = (next(iter(each.variables.values())).numpy() for each in (plain, sam))
    assert not np.array_equal(one, other)


def test_too_few_devices(tmp_path):
    with pytest.raises(ConfigError, match=r"strategy\.mirrored: there are \d+ logical CPU devices"):
        Trainer(config(strategy={"mirrored": 8}))

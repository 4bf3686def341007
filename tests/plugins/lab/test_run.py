"""What a run goes on with, what it records of that, and what it refuses."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import tensorflow as tf

from optiplug import StateError, registry
from optiplug.checkpoint import saved_steps
from optiplug.errors import ChangedInputsError
from optiplug_lab import run as module
from optiplug_lab.command import read_config
from optiplug_lab.config import TrainConfig
from optiplug_lab.folder import RunFolder
from optiplug_lab.run import Run
from support.fake_distributions import installing

PLAIN = {"use": "sgd", "learning_rate": 0.1, "jit_compile": False}
FORMER = Path(__file__).with_name("former_run")


class Silent:
    def update(self, step, figures):
        pass


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("The quick brown fox jumps over the lazy dog, twice.\n" * 30)
    return path


@pytest.fixture
def begin(tmp_path, text):
    """Begin or go on with a run in a folder, and take its steps; what it said is in `heard`."""
    heard = []

    def begin(resume=False, train=True, folder=tmp_path / "run", allow_changed=(), **changes):
        task = {"use": "chars", "text": str(text), "context": 4, "hidden": 8}
        values = {"task": task, "optimizer": PLAIN, "steps": 4, "batch_size": 8, "checkpoint_every": 2}
        run = Run(
            TrainConfig(**{**values, **changes}),
            RunFolder(folder, say=heard.append),
            resume=resume,
            allow_changed=allow_changed,
        )
        with run:
            if train:
                run.train(Silent())
        return run

    begin.heard = heard
    return begin


def everything(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def table(folder):
    return saved_steps(folder / "checkpoints")[-1].manifest


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("changes", "section", "name"),
    [
        ({"optimizer": {**PLAIN, "momentum": 0.8}}, "config", "config.optimizer.momentum"),
        ({"seed": 4}, "config", "config.seed"),
        ({"batch_size": 32}, "config", "config.batch_size"),
        ({"strategy": {"mirrored": 2}}, "replicas", "replicas"),
    ],
)
def test_another_config_is_refused_and_listed(tmp_path, begin, changes, section, name):
    begin(train=False)
    before = everything(tmp_path)

    with pytest.raises(ChangedInputsError, match=section) as caught:
        begin(resume=True, **changes)
    assert name in [each for each, _, _ in caught.value.differences]
    assert everything(tmp_path) == before


@pytest.mark.slow
def test_other_data_are_refused_beside_what_is_allowed(tmp_path, begin, text):
    begin(train=False)
    text.write_text(text.read_text().replace("lazy", "eager"))
    with pytest.raises(ChangedInputsError) as caught:
        begin(resume=True, allow_changed=["versions"])
    assert [name for name, _, _ in caught.value.differences] == ["data.held_out", "data.train"]

    with pytest.raises(ChangedInputsError, match=r"config\.seed"):
        begin(resume=True, allow_changed=["versions", "data"], seed=5)


@pytest.mark.slow
def test_other_data_that_are_allowed_are_recorded_once(tmp_path, begin, text):
    begin(steps=2)
    first = (tmp_path / "run" / "config.yaml").read_bytes()
    text.write_text(text.read_text().replace("lazy", "eager"))
    begin(resume=True, allow_changed=["data"])
    second = (tmp_path / "run" / "config-2.yaml").read_text()
    assert begin.heard[0].startswith("After step 2: data.held_out was int32[")
    assert second.startswith(f"# {begin.heard[0]}\n# {begin.heard[1]}\ncommand: train\n")
    assert (tmp_path / "run" / "config.yaml").read_bytes() == first
    (told,) = table(tmp_path / "run").metadata["history"]
    assert (told["step"], [name for name, _, _ in told["changed"]]) == (2, ["data.held_out", "data.train"])

    begin(resume=True, steps=6)
    assert table(tmp_path / "run").metadata["history"] == [told]
    assert read_config(tmp_path / "run" / "config-3.yaml").steps == 6


@pytest.mark.slow
def test_other_versions_are_refused(tmp_path, begin, monkeypatch):
    begin(train=False)
    identity_of = module.Inputs.__init__.__globals__["identity_of"]

    def other(*args, **options):
        identity = identity_of(*args, **options)
        identity["versions"]["optiplug-sgd"] = {"version": "9.0", "sha256": "0"}
        return identity

    monkeypatch.setattr("optiplug_lab.inputs.identity_of", other)
    with pytest.raises(ChangedInputsError, match=r"versions\.optiplug-sgd\.version"):
        begin(resume=True)
    begin(resume=True, train=False, allow_changed=["versions"])
    assert read_config(tmp_path / "run" / "config.yaml").versions["optiplug-sgd"] != "9.0"
    assert read_config(tmp_path / "run" / "config-2.yaml").versions["optiplug-sgd"] == "9.0"


PLUGIN = """
from optiplug import OptimizerConfig
class ShrinkConfig(OptimizerConfig):
    \"\"\"Halves variables.\"\"\"
    implementation = "fake_shrink_update:Shrink"
"""
UPDATE = """
from optiplug import Optimizer
from fake_shrink import ShrinkConfig
class Shrink(Optimizer):
    Config = ShrinkConfig
    def update_step(self, gradient, variable):
        variable.assign(variable / 2)
"""


def test_another_formula_of_the_same_version_is_noticed(tmp_path, begin, monkeypatch):
    points = {"optimizers": {"shrink": "fake_shrink:ShrinkConfig"}}
    modules = {"fake_shrink": PLUGIN, "fake_shrink_update": UPDATE}
    shrink = {"use": "shrink", "jit_compile": False}
    with installing(tmp_path, monkeypatch) as install:
        install("fake-shrink", points=points, modules=modules)
        registry.refresh()
        begin(optimizer=shrink, train=False)
        (tmp_path / "fake-shrink-1.0" / "fake_shrink_update.py").write_text(UPDATE.replace("/ 2", "/ 3"))
        with pytest.raises(ChangedInputsError) as caught:
            begin(optimizer=shrink, resume=True)
    registry.refresh()

    assert [name for name, _, _ in caught.value.differences] == ["versions.fake-shrink.sha256"]


@pytest.mark.slow
def test_one_without_a_checkpoint_starts_from_step_0(tmp_path, begin):
    whole = begin(folder=tmp_path / "whole")
    begin(train=False)
    shutil.rmtree(tmp_path / "run" / "checkpoints")
    run = begin(resume=True)

    assert begin.heard == ["No step has been saved: the run starts from step 0."]
    assert run.step == whole.step
    assert (tmp_path / "run/metrics.csv").read_bytes() == (tmp_path / "whole/metrics.csv").read_bytes()
    assert not (tmp_path / "run" / "config-2.yaml").exists()


@pytest.mark.slow
def test_nor_does_it_start_with_another_config(tmp_path, begin):
    begin(train=False)
    shutil.rmtree(tmp_path / "run" / "checkpoints")
    before = everything(tmp_path)
    with pytest.raises(ChangedInputsError, match=r"config\.seed"):
        begin(resume=True, seed=1)
    assert everything(tmp_path) == before

    begin(resume=True, train=False, seed=1, allow_changed=["config"])
    assert read_config(tmp_path / "run" / "config-2.yaml").seed == 1


def test_steps_without_a_checkpoint_are_not_lost(tmp_path, begin):
    begin()
    shutil.rmtree(tmp_path / "run" / "checkpoints")
    before = everything(tmp_path)

    with pytest.raises(StateError, match=r"there is no checkpoint, though metrics\.csv has steps"):
        begin(resume=True)
    assert everything(tmp_path) == before


def test_a_damaged_checkpoint_is_passed_over_with_a_word(tmp_path, begin):
    begin()
    whole = everything(tmp_path / "run")
    newest = saved_steps(tmp_path / "run" / "checkpoints")[-1].path
    (newest / "values.index").write_bytes(b"")
    with pytest.warns(UserWarning, match=r"values\.index .* step-00000002 is restored|is now called"):
        run = begin(resume=True)

    assert run.step == 4
    metrics = tmp_path / "run" / "metrics.csv"
    assert metrics.read_bytes() == whole[metrics]


@pytest.mark.slow
def test_a_run_keeps_the_result_that_it_has_at_its_end(tmp_path, begin):
    begin()
    result = json.loads((tmp_path / "run" / "result.json").read_text())
    begin(resume=True)

    again = json.loads((tmp_path / "run" / "result.json").read_text())
    assert again["final"] == result["final"]


def test_the_config_in_the_folder_makes_the_same_run_again(tmp_path, begin):
    run = begin(optimizer={**PLAIN, "processors": ["skip_non_finite"]}, train=False)
    again = read_config(tmp_path / "run" / "config.yaml")

    assert again == run.config
    known = {"python", "tensorflow", "optiplug-core", "optiplug-lab", "optiplug-sgd", "optiplug-processors"}
    assert known <= set(again.versions)


def test_a_run_knows_the_plugins_inside_of_its_optimizer(tmp_path, begin):
    rate = {"use": "constant", "value": 0.1}
    groups = [{"name": "all", "optimizer": {"use": "adam", "learning_rate": rate}}]
    begin(optimizer={"use": "partition", "groups": groups, "jit_compile": False}, train=False)

    again = read_config(tmp_path / "run" / "config.yaml")
    assert {"optiplug-adam", "optiplug-partition", "optiplug-schedules"} <= set(again.versions)


def test_a_batch_that_does_not_fit_leaves_no_folder(tmp_path, begin, monkeypatch):
    def full(self, step, told):
        raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating")

    run = begin(train=False)
    folder = RunFolder.new(tmp_path / "new", "")

    def train():
        with folder, Run(run.config, folder) as begun:
            monkeypatch.setattr(begun.trainer, "step", full.__get__(begun))
            begun.train(Silent())

    with pytest.raises(tf.errors.ResourceExhaustedError):
        train()
    assert not folder.path.exists()


@pytest.fixture
def former(tmp_path):
    """A run of 4 steps that optiplug 0.1.0 wrote, and its config with more steps."""
    shutil.copytree(FORMER, tmp_path / "former")
    config = read_config(FORMER / "config.yaml").model_copy(update={"steps": 6})
    return RunFolder(tmp_path / "former", say=[].append), config


def resumed(folder, config):
    """Go on where versions are others than those of then, as some day they are."""
    return Run(config, folder, resume=True, allow_changed=["versions"])


def test_a_run_of_a_former_version_goes_on(former):
    folder, config = former
    rows = folder.metrics.read_bytes()
    reader = tf.train.load_checkpoint(str(FORMER / "checkpoints/step-00000004/values"))
    with resumed(folder, config) as run:
        assert run.step == 4
        for name, variable in run.trainer.variables.items():
            key = f"variables/{name.replace('/', '.S')}/.ATTRIBUTES/VARIABLE_VALUE"
            assert reader.get_tensor(key).tobytes() == variable.numpy().tobytes()
        run.train(Silent())

    assert folder.metrics.read_bytes().startswith(rows)
    assert [saved.step for saved in saved_steps(folder.checkpoints)] == [4, 6]


def test_a_former_run_goes_on_with_its_config_only(former):
    folder, config = former
    with pytest.raises(ChangedInputsError, match=r"config\.seed"):
        resumed(folder, config.model_copy(update={"seed": 9}))


def test_a_former_run_without_its_rows_is_refused(former):
    folder, config = former
    folder.metrics.write_bytes(folder.metrics.read_bytes().replace(b"\n2,", b"\n7,"))
    with pytest.raises(StateError, match="does not say which rows belong to it"):
        resumed(folder, config)


def test_a_damaged_former_checkpoint_is_refused(former):
    folder, config = former
    (folder.checkpoints / "step-00000004" / "values.index").write_bytes(b"")

    with pytest.raises(StateError, match="whole"):
        resumed(folder, config)

"""What `optiplug compare` makes of its arguments, and refuses, before anything is trained."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

import optiplug
from optiplug.cli import application
from optiplug.document import parse_setting
from optiplug_compare.entrants import Asked, entrants
from optiplug_compare.judged import Judged
from optiplug_compare.outcome import Outcome
from optiplug_compare.plan import PLAN, Plan, has_rate, laid_down, new_folder
from optiplug_lab.command import read_config
from optiplug_lab.task_configs import DigitsConfig

RUN = """\
command: train
task: {use: digits, shift: 0}
optimizer: {use: sgd, learning_rate: 0.05}
steps: 40
"""
GOAL = optiplug.Goal(
    figure="accuracy", target=0.9, steps=300, higher_is_better=True, batch_size=64, evaluate_every=7
)


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    texts = {
        "run.yaml": RUN,
        "longer.yaml": RUN.replace("40", "50"),
        "other.yaml": RUN.replace("shift: 0", "shift: 1"),
        "mirrored.yaml": RUN + "strategy: {mirrored: 2}\n",
        "lion.yaml": "use: lion\nlearning_rate: 0.002\n",
        "bad.yaml": "use: lion\n\nlearning_rate: -1\n",
        "typo.yaml": "use: sgd\nprocessors: [{use: ema, skip: [bais]}]\n",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.fixture
def with_goal(monkeypatch):
    monkeypatch.setattr(DigitsConfig, "goal", GOAL)


def compare(*arguments):
    argv = ["compare", *map(str, arguments)]
    done = CliRunner(env={"COLUMNS": "200"}).invoke(application(argv), argv)
    return done.exit_code, done.stderr


LEARN = ("--steps", 5, "--higher-is-better")


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        ((), 2, "or --optimizers, or --resume, is required"),
        (("--optimizers", "lionn", "--task", "digits"), 4, "did you mean 'lion'?"),
        (("--optimizers", "sgd,sgd", "--task", "digits"), 2, "sgd is there twice"),
        (("--optimizers", "sgd"), 3, "--task: is required with --optimizers"),
        (("--optimizers", "sgd", "--task", "digit", *LEARN), 4, "did you mean 'digits'?"),
        (("lion.yaml",), 3, "lion.yaml:1:6: use: this is the config of an optimizer, which has no task"),
        (("bad.yaml", "--task", "digits", *LEARN), 3, "bad.yaml:3:16: optimizer.learning_rate: must be >= 0"),
        (("typo.yaml", "--task", "digits", *LEARN), 3, "typo.yaml:2:32: optimizer.processors[0].skip[0]"),
        (("run.yaml", "other.yaml", *LEARN), 3, "other.yaml:2:7: task: must be the task of all"),
        (("run.yaml", "longer.yaml", "--higher-is-better"), 3, "longer.yaml:4:8: steps: must be the same"),
        (("mirrored.yaml", *LEARN), 3, "mirrored.yaml:5:11: strategy: must be `none`"),
        (("run.yaml", "--task", "digits"), 3, "run.yaml:2:7: task: the file says the task"),
        (("run.yaml", *LEARN, "--set", "steps"), 2, "must be PATH=VALUE"),
        (("run.yaml", *LEARN, "--set", "optimizer.momentum=9"), 3, "--set optimizer.momentum=9"),
        (("run.yaml", *LEARN, "--learning-rates", "0.1,0"), 2, "must be different numbers above 0"),
        (("run.yaml", *LEARN, "--learning-rates", "1"), 2, "must be different numbers above 0"),
        (("--resume", "nowhere"), 5, "there is no comparison in this folder"),
        (("--resume", ".", "--seeds", 3), 2, "cannot be combined with --resume"),
        (("run.yaml", ".", "--seeds", 3), 2, "cannot be combined with RUN"),
        (("run.yaml", *LEARN, "--dir", "."), 3, "--dir: the folder must be new or empty"),
    ],
)
def test_mistakes_are_told_before_anything_is_made(files, arguments, code, text):
    before = {*files.iterdir()}

    found, said = compare(*arguments)

    assert (found, text in " ".join(said.split())) == (code, True), said
    assert "Traceback" not in said
    assert {*files.iterdir()} == before


def test_what_nobody_says_is_asked_for(files, monkeypatch):
    monkeypatch.setattr(DigitsConfig, "goal", None)

    assert "the task digits has no goal" in compare("--optimizers", "sgd", "--task", "digits")[1]
    assert "--lower-is-better: is required" in compare("run.yaml")[1]


def test_the_goal_says_what_the_command_line_does_not(with_goal):
    (entrant,) = entrants([], ["adamw"], Asked("digits"))

    config = entrant.config
    assert (entrant.name, config.steps, config.batch_size, config.evaluate_every) == ("adamw", 300, 64, 7)
    asked = Asked("digits", steps=9, batch_size=8, settings=[parse_setting("evaluate_every=3")])
    (entrant,) = entrants([], ["adamw"], asked)
    config = entrant.config
    assert (config.steps, config.batch_size, config.evaluate_every) == (9, 8, 3)


def test_files_and_names_are_runs_of_one_task(files):
    asked = Asked(None, settings=[parse_setting("task.shift=2")])

    found = entrants([files / "run.yaml", files / "other.yaml"], [], asked)

    assert [each.name for each in found] == ["run", "other"]
    assert {each.config.task.shift for each in found} == {2}
    (found,) = entrants([files / "lion.yaml"], [], Asked("digits", steps=3))
    assert found.config.optimizer.learning_rate == 0.002


def test_the_target_holds_for_the_task_as_it_is(with_goal, capsys):
    assert Judged().of(DigitsConfig()).target == 0.9
    assert Judged().of(DigitsConfig(shift=0)).target is None
    assert "--target says one" in capsys.readouterr().err
    assert Judged(target=0.5).of(DigitsConfig(shift=0)).target == 0.5
    other = Judged("recall", higher_is_better=True).of(DigitsConfig())
    assert (other.name, other.target) == ("recall", None)


class RatelessConfig(optiplug.OptimizerConfig):
    """Nothing to choose."""

    implementation = "nowhere:Rateless"


@pytest.fixture
def rateless():
    optiplug.registry.register("optimizers", "rateless", RatelessConfig)
    yield
    optiplug.registry.unregister("optimizers", "rateless")


def planned():
    found = entrants([], ["sgd", "rateless"], Asked("digits", steps=20))
    return Plan.of(found, Judged().of(found[0].config.task), seeds=2, factors=[0.1, 3.0], threads=1)


def test_the_plan_has_each_run_with_its_config(with_goal, rateless, tmp_path):
    plan = planned()
    laid_down(plan, tmp_path)

    assert Plan.read(tmp_path) == plan
    folders = [run.folder for run in plan.runs]
    judged = [f"runs/{row}-seed-{seed}" for seed in (0, 1) for row in ("sgd", "rateless")]
    assert folders == [*judged, "runs/sgd-rate-0.1", "runs/sgd-rate-3"]
    assert all((tmp_path / folder).is_dir() for folder in folders)
    scaled = read_config(tmp_path / "configs/sgd.yaml").model_copy(update={"seed": 0})
    assert plan.runs[-1].config["optimizer"]["processors"][0]["factor"] == 3
    assert scaled.optimizer.dump() == plan.rows[0].config
    assert {run.config["seed"] for run in plan.runs} == {0, 1}


def test_a_damaged_plan_is_no_plan(with_goal, rateless, tmp_path):
    laid_down(planned(), tmp_path)
    (tmp_path / PLAN).write_text(json.dumps({"format": 1}))

    with pytest.raises(optiplug.StateError, match="is no plan of a comparison"):
        Plan.read(tmp_path)


def test_rates_are_found_inside_of_other_optimizers(rateless):
    groups = [{"name": "all", "optimizer": {"use": "sgd"}}]
    with_rate = optiplug.registry.get("optimizers", "partition")(groups=groups)
    without = optiplug.registry.get("optimizers", "partition")(
        groups=[{"name": "all", "optimizer": {"use": "rateless"}}]
    )

    assert has_rate(with_rate)
    assert not has_rate(without)


def test_folders_of_their_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    first, second = new_folder(None, "digits"), new_folder(None, "digits")

    assert first != second
    assert first.parent == second.parent
    assert [*first.iterdir()] == []


def test_names_that_are_no_names_of_files(files):
    (files / "run.yaml").rename(files / "a b: c.yaml")
    (files / "other.yaml").write_text(RUN)
    (files / "sub").mkdir()
    (files / "sub/other.yaml").write_text(RUN.replace("0.05", "0.5"))
    paths = [files / "a b: c.yaml", files / "other.yaml", files / "sub/other.yaml"]

    found = entrants(paths, [], Asked())
    plan = Plan.of(found, Judged(None, True).of(found[0].config.task), seeds=1, factors=[], threads=1)

    assert [row.name for row in plan.rows] == ["a b: c", "other", "other-2"]
    assert [run.folder for run in plan.runs] == [
        f"runs/{name}-seed-0" for name in ("a-b-c", "other", "other-2")
    ]


def test_an_outcome_that_is_damaged_is_none(tmp_path):
    Outcome(ended="diverged", problem="nan", parameters=3).write(tmp_path)
    assert Outcome.read(tmp_path).problem == "nan"

    (tmp_path / "outcome.json").write_text("{")

    assert Outcome.read(tmp_path) is None

"""`optiplug tune`: what it refuses, and studies in processes of their own."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import optuna
import pytest
import typer

import optiplug_tune
from optiplug import OptiplugError
from optiplug_tune import command
from optiplug_tune.folder import StudyFolder
from optiplug_tune.opening import opened
from support.killed_studies import COMMAND, SPACE, KilledStudy, ended, records

OPTIMIZER = "use: sgd\nlearning_rate: {search: log, low: 1.0e-3, high: 1.0}\n"
JUDGED = ["--figure", "accuracy", "--higher-is-better"]


@pytest.fixture(autouse=True)
def _logging():
    level = optuna.logging.get_verbosity()
    yield
    optuna.logging.set_verbosity(level)


def tune(*arguments, folder, timeout=240):
    command = [*COMMAND, *map(str, arguments)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=timeout, check=False)


def begun(folder, text=OPTIMIZER, settings=(), planned=None, **judged):
    file = folder / "space.yaml"
    file.write_text(text)
    task = {} if "command" in text else {"task": "digits", "steps": 5}
    judged = {"figure": "accuracy", "higher_is_better": True, **task, **judged}
    study, _ = opened(file, folder / "study", settings, judged, planned or {"trials": 2})
    study.close()
    return study


def refusal(*arguments):
    with pytest.raises(OptiplugError) as caught:
        opened(*arguments)
    return str(caught.value)


def test_what_a_study_is_stays_as_it_began(tmp_path):
    folder = tmp_path / "study"
    before = begun(tmp_path)
    other, journal = tmp_path / "other.yaml", folder / "study.journal"
    other.write_text(OPTIMIZER.replace("1.0e-3", "1.0e-2"))
    kept = journal.read_bytes()

    assert "learning_rate.low" in refusal(other, folder, [], {}, {})
    assert "seeds" in refusal(None, folder, [], {"seeds": 3}, {})
    assert "chars" in refusal(None, folder, [], {"task": "chars"}, {})
    assert journal.read_bytes() == kept
    again, _ = opened(None, folder, [], {"task": "digits", "seeds": 1}, {"trials": 5})
    again.close()
    assert again.judging == before.judging
    assert (again.plan.trials, again.plan.sampler) == (5, "tpe")
    assert (folder / "space.yaml").read_text() == OPTIMIZER


def test_a_run_says_its_task_and_steps_itself(tmp_path):
    study = begun(tmp_path, SPACE)

    assert (study.judging.task, study.judging.steps, study.judging.batch_size) == (None, 12, 16)
    file = tmp_path / "space.yaml"
    for name, value in (("steps", 9), ("task", "digits")):
        judged = {"figure": "accuracy", "higher_is_better": True, name: value}
        assert "said by the config already" in refusal(file, tmp_path / "new", [], judged, {})
    assert not (tmp_path / "new").exists()


def test_a_study_that_was_killed_while_it_began_begins(tmp_path):
    begun(tmp_path)
    journal = StudyFolder(tmp_path / "study").journal
    lines = journal.read_bytes().splitlines(keepends=True)
    for count in range(len(lines)):
        journal.write_bytes(b"".join(lines[:count]))
        assert begun(tmp_path).plan.trials == 2


@pytest.mark.parametrize(
    ("options", "error", "told"),
    [
        ({"file": None}, typer.BadParameter, "is required"),
        ({"study": Path("new")}, typer.BadParameter, "is required for the config of an optimizer"),
        ({"task": "digits", "figure": "speed", "steps": 9}, typer.BadParameter, "is required: no goal"),
        ({"task": "digit", "steps": 9}, OptiplugError, "did you mean 'digits'"),
        ({"task": "digits", "set_": ["momentum=x"]}, OptiplugError, "momentum"),
        ({"file": None, "set_": ["momentum"]}, typer.BadParameter, "PATH=VALUE"),
    ],
    ids=str,
)
def test_mistakes_are_told_before_anything_is_made(options, error, told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "space.yaml").write_text(OPTIMIZER)

    with pytest.raises(error, match=told):
        command.tune(**{"file": Path("space.yaml"), **options})
    assert [path.name for path in tmp_path.iterdir()] == ["space.yaml"]


@pytest.mark.slow
def test_a_mistake_ends_the_command_with_a_message(tmp_path):
    (tmp_path / "plain.yaml").write_text("use: sgd\n")

    done = [tune(*each, folder=tmp_path) for each in ([], ["plain.yaml", "--task", "digits"])]

    assert [each.returncode for each in done] == [2, 3]
    assert "FILE" in done[0].stderr
    assert "no range" in done[1].stderr


@pytest.mark.slow
def test_ten_kills_lose_nothing(tmp_path):
    study = KilledStudy(tmp_path, trials=12, kills=10)
    study.run()

    results = json.loads((study.folder / "results.json").read_text())
    states = Counter(each["state"] for each in results["trials"])
    complete = {each["number"]: each["value"] for each in results["trials"] if each["state"] == "complete"}
    assert study.killed.total() == 10
    assert len(records(study.folder)) == (study.folder / "study.journal").read_bytes().count(b"\n")
    # Once each, and each that a process has told of; all others were lost with a process.
    assert ended(study.folder) == Counter(complete.keys())
    assert states["complete"] + states["diverged"] + states["lost"] == len(results["trials"])
    assert sum(each["again"] is None for each in results["trials"]) == 12
    told = [each for each in study.told if each.get("state") == "complete"]
    assert told
    assert all(complete[each["number"]] == each["value"] for each in told)
    assert study.left == []


@pytest.mark.slow
def test_an_interrupted_study_says_how_to_go_on(tmp_path, signals_heard):
    (tmp_path / "space.yaml").write_text(SPACE.replace("steps: 12", "steps: 100000"))
    told = [*COMMAND, "space.yaml", *JUDGED, "--trials", "2", "--study", "s"]
    with subprocess.Popen(told, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 120
        while sum(each["op_code"] == 5 for each in records(tmp_path / "s")) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)

    assert process.returncode == 128 + signal.SIGINT
    assert "`optiplug tune --study s` goes on." in err
    results = json.loads((tmp_path / "s" / "results.json").read_text())
    assert [each["state"] for each in results["trials"]] == [
        "interrupted",
        "interrupted",
        "waiting",
        "waiting",
    ]


@pytest.mark.slow
def test_a_task_without_the_figure_ends_the_study(tmp_path):
    (tmp_path / "space.yaml").write_text(SPACE)

    done = tune("space.yaml", "--figure", "acuracy", "--higher-is-better", "--jobs", 1, folder=tmp_path)

    assert done.returncode == 1
    assert "did you mean 'accuracy'" in done.stderr


@pytest.mark.slow
def test_equal_studies_have_equal_trials(tmp_path):
    (tmp_path / "space.yaml").write_text(SPACE)
    for jobs in (1, 2):
        done = tune(
            "space.yaml", *JUDGED, "--trials", 4, "--sampler", "qmc", "--jobs", jobs, "--study", f"of-{jobs}",
            folder=tmp_path,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    one, two = (json.loads((tmp_path / f"of-{jobs}" / "results.json").read_text()) for jobs in (1, 2))

    told = [[(each["values"], each["value"]) for each in study["trials"]] for study in (one, two)]
    assert told[0] == told[1]


def test_the_objective_of_the_command_is_there_in_python():
    told = {"figure": "accuracy", "higher_is_better": True, "steps": 9}
    # Twice: a module of the same name would take the place of the function.
    objective = [optiplug_tune.workload("digits", **told) for _ in range(2)][1]

    assert objective.higher_is_better
    assert objective.judging.task["use"] == "digits"

"""Studies that processes share, some of which are killed."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections import Counter

import optuna
import pytest

import optiplug_tune
from optiplug import ConfigError, OptiplugError, StateError
from optiplug_tune.claims import SILENCE, TrialClaims
from optiplug_tune.judging import Judging
from optiplug_tune.samplers import Plan
from optiplug_tune.space import space_of
from optiplug_tune.study import Study
from optiplug_tune.trial import word_for
from optiplug_tune.trials import make_trials

SPACE = {"use": "sgd", "learning_rate": {"search": "log", "low": 1e-3, "high": 1.0}}
PROCESS = """
import json, os, signal, sys, time
import optuna, optiplug_tune
optuna.logging.set_verbosity(optuna.logging.ERROR)
folder, trials, fatal = sys.argv[1], int(sys.argv[2]), sys.argv[3]
space = json.loads(sys.argv[4])

def objective(config, trial):
    if fatal == "always" or fatal == str(trial.number):
        os.kill(os.getpid(), signal.SIGKILL)
    return abs(config.learning_rate - 0.1)

for _ in range(int(sys.argv[5])):
    child = os.fork()
    if not child:
        optiplug_tune.tune(space, objective, trials=trials, study=folder)
        os._exit(0)
    os.waitpid(child, 0)
"""


@pytest.fixture(autouse=True)
def _quiet():
    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    yield
    optuna.logging.set_verbosity(level)


def distance(config, trial):
    return abs(config.learning_rate - 0.1)


def in_processes(folder, trials, fatal, count=1):
    told = [str(folder), str(trials), fatal, json.dumps(SPACE), str(count)]
    subprocess.run([sys.executable, "-c", PROCESS, *told], check=True, timeout=120)


def words(result):
    return [word_for(each) for each in result.study.trials]


def told_complete(folder):
    """Return how often the journal has the end of each trial that came to it."""
    records = map(json.loads, (folder / "study.journal").read_text().splitlines())
    return Counter(each["trial_id"] for each in records if each["op_code"] == 6 and each["state"] == 1)


def test_the_best_value_of_a_quadratic_is_found():
    result = optiplug_tune.tune(SPACE, distance, trials=25)

    assert result.value < 0.01
    assert result.config == {"use": "sgd", "learning_rate": result.values["learning_rate"]}
    assert abs(result.config["learning_rate"] - 0.1) == result.value
    assert len(result.study.trials) == 25


def test_the_first_trial_is_where_the_ranges_begin():
    ranges = {**SPACE["learning_rate"], "default": 0.5}
    result = optiplug_tune.tune({**SPACE, "learning_rate": ranges}, distance, trials=1)

    assert result.values == {"learning_rate": 0.5}


@pytest.mark.parametrize("sampler", ["tpe", "qmc", "random"])
def test_what_is_drawn_depends_on_seed_and_number_alone(tmp_path, sampler):
    at_once = optiplug_tune.tune(SPACE, distance, trials=6, sampler=sampler, seed=3)
    for trials in (2, 4, 6):
        parts = optiplug_tune.tune(
            SPACE, distance, trials=trials, sampler=sampler, seed=3, study=tmp_path / "study"
        )
    other = optiplug_tune.tune(SPACE, distance, trials=6, sampler=sampler, seed=4)

    drawn = [each.params for each in at_once.study.trials]
    assert [each.params for each in parts.study.trials] == drawn
    assert [each.params for each in other.study.trials][1:] != drawn[1:]


def test_a_study_goes_on_and_begins_no_trial_too_many(tmp_path):
    folder = tmp_path / "study"
    optiplug_tune.tune(SPACE, distance, trials=3, study=folder)
    assert len(optiplug_tune.tune(SPACE, distance, trials=3, study=folder).study.trials) == 3
    more = optiplug_tune.tune(SPACE, distance, trials=5, study=folder)
    assert len(more.study.trials) == 5

    best = (folder / "best.yaml").read_text()
    assert f"learning_rate: {more.config['learning_rate']!r}" in best.replace("e-05", "e-5")
    assert f"# trial: {more.number}" in best
    assert list((folder / "trials").iterdir()) == []


def test_the_trial_of_a_killed_process_is_made_again_once(tmp_path):
    folder = tmp_path / "study"
    in_processes(folder, 4, "2")
    assert sorted(told_complete(folder)) == [0, 1]

    result = optiplug_tune.tune(SPACE, distance, trials=4, study=folder)

    assert words(result) == ["complete", "complete", "lost", "complete", "complete"]
    lost, again = result.study.trials[2:4]
    assert again.params == lost.params
    assert again.user_attrs["again"] == 2
    assert told_complete(folder) == Counter([0, 1, 3, 4])


@pytest.mark.slow  # a process for each of its tries
def test_a_trial_that_kills_its_processes_is_given_up(tmp_path):
    folder = tmp_path / "study"
    in_processes(folder, 2, "always", count=3)

    result = optiplug_tune.tune(SPACE, distance, trials=2, study=folder)

    assert words(result) == ["lost", "lost", "lost", "complete"]
    assert len({each.params["learning_rate"] for each in result.study.trials[:3]}) == 1


def test_a_trial_of_another_machine_is_lost_only_after_silence(tmp_path):
    claims = TrialClaims(tmp_path)
    elsewhere = {"pid": 1, "host": "far-away", "boot": "another", "since": "2026-01-01T00:00:00+00:00"}
    (tmp_path / "7").mkdir()
    record = tmp_path / "7" / ".lock"
    record.write_text(json.dumps(elsewhere))

    assert not claims.take(7)
    os.utime(record, (0, record.stat().st_mtime - SILENCE - 5))
    assert claims.take(7)
    claims.close()


def test_an_interrupted_trial_is_made_again(tmp_path):
    def interrupted(config, trial):
        if trial.number == 1:
            raise KeyboardInterrupt
        return distance(config, trial)

    with pytest.raises(KeyboardInterrupt):
        optiplug_tune.tune(SPACE, interrupted, trials=3, study=tmp_path / "study")
    result = optiplug_tune.tune(SPACE, distance, trials=3, study=tmp_path / "study")

    assert words(result) == ["complete", "interrupted", "complete", "complete"]
    assert result.study.trials[2].params == result.study.trials[1].params


def test_what_diverged_is_worse_than_all_that_came_to_an_end():
    def objective(config, trial):
        rate = config.learning_rate
        return math.nan if rate > 0.03 else abs(math.log10(rate) + 2)

    result = optiplug_tune.tune(SPACE, objective, trials=40)
    known = words(result)

    assert set(known) == {"complete", "diverged"}
    assert result.value < 0.1
    # TPE learns from them: after its first trials, which are at random, it keeps away.
    assert known[:10].count("diverged") >= 3
    assert known[-20:].count("diverged") <= 5


def test_a_pruner_ends_a_trial_at_a_report():
    def objective(config, trial):
        for step in range(10):
            trial.report(step, config.learning_rate)
        return config.learning_rate

    pruner = optuna.pruners.MedianPruner(n_startup_trials=2, n_warmup_steps=4)
    result = optiplug_tune.tune(SPACE, objective, trials=12, sampler="random", pruner=pruner)
    pruned = [each for each in result.study.trials if word_for(each) == "pruned"]

    assert pruned
    assert {max(each.intermediate_values) for each in pruned} == {4}


def test_errors_fail_their_trial_and_are_raised_unless_caught():
    def objective(config, trial):
        if trial.number == 1:
            raise ZeroDivisionError("no batch")
        return distance(config, trial)

    with pytest.raises(ZeroDivisionError):
        optiplug_tune.tune(SPACE, objective, trials=3)
    result = optiplug_tune.tune(SPACE, objective, trials=3, catch=ZeroDivisionError)

    assert words(result) == ["complete", "failed", "complete"]
    assert result.study.trials[1].user_attrs["problem"] == "no batch"


def test_a_study_without_hope_ends_with_its_error():
    made = []

    def objective(config, trial):
        made.append(trial.number)
        raise ValueError("no data")

    with pytest.raises(ValueError, match="no data"):
        optiplug_tune.tune(SPACE, objective, trials=30, catch=ValueError)
    assert made == [0, 1, 2]


def test_each_process_makes_a_trial_before_it_is_renewed():
    judging = Judging(steps=1)
    study = Study(space_of(SPACE), judging, Plan(trials=3))

    ended = [make_trials(study, distance, until=lambda: True) for _ in range(4)]

    assert ended == [True, True, True, False]
    assert len(study.trials) == 3


def test_a_study_with_nothing_to_show_says_so():
    with pytest.raises(OptiplugError, match=r"no trial came to its end.*2 diverged"):
        optiplug_tune.tune(SPACE, lambda *_: math.inf, trials=2)


def test_other_ranges_and_another_direction_are_refused(tmp_path):
    folder = tmp_path / "study"
    optiplug_tune.tune(SPACE, distance, trials=1, study=folder)
    before = (folder / "study.journal").read_bytes()
    wider = {**SPACE, "learning_rate": {"search": "log", "low": 1e-3, "high": 2.0}}

    with pytest.raises(StateError, match=r"learning_rate.high +1.0 +2.0"):
        optiplug_tune.tune(wider, distance, trials=2, study=folder)
    with pytest.raises((StateError, ValueError), match="higher_is_better"):
        optiplug_tune.tune(SPACE, distance, trials=2, study=folder, higher_is_better=True)
    with pytest.raises(ConfigError, match="did you mean 'random'"):
        optiplug_tune.tune(SPACE, distance, sampler="randon")
    assert (folder / "study.journal").read_bytes() == before


def test_a_folder_of_something_else_is_refused(tmp_path):
    (tmp_path / "notes.txt").touch()

    with pytest.raises(ConfigError, match="new or empty"):
        optiplug_tune.tune(SPACE, distance, study=tmp_path)

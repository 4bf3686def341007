"""The report of a study, of trials that were made."""

from __future__ import annotations

import json
import math
import re

import optuna
import pytest

import optiplug_tune
from optiplug_tune.records import StudyRecord

SPACE = {
    "use": "adamw",
    "learning_rate": {"search": "log", "low": 1e-4, "high": 1.0},
    "beta_2": {"search": "choice", "of": [0.9, 0.99, 0.999]},
}


def objective(config, trial):
    if config.learning_rate > 0.3:
        return math.nan
    if trial.number == 3:
        raise ValueError("no <b>memory</b>")
    return abs(math.log10(config.learning_rate) + 2) + (config.beta_2 != 0.99)


@pytest.fixture(scope="module")
def studies(tmp_path_factory):
    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    folder = tmp_path_factory.mktemp("studies")
    for name, trials in (("short", 5), ("long", 40)):
        told = {"catch": ValueError, "study": folder / name, "sampler": "random"}
        optiplug_tune.tune(SPACE, objective, trials=trials, **told)
    optuna.logging.set_verbosity(level)
    return folder


def record(folder):
    return StudyRecord.model_validate_json((folder / "results.json").read_text())


def test_results_are_all_that_is_known(studies):
    known = record(studies / "long")
    complete = [each for each in known.trials if each.state == "complete"]
    best = min(complete, key=lambda each: each.value)

    assert len(known.trials) == 40
    assert {each.state for each in known.trials} == {"complete", "diverged", "failed"}
    assert known.best == best.number
    assert known.config == {"use": "adamw", **best.values}
    assert known.trials[3].problem == "no <b>memory</b>"
    assert json.loads((studies / "long" / "results.json").read_text())["format"] == 1


def test_importance_is_told_where_trials_can_tell(studies):
    short, long = record(studies / "short").importance, record(studies / "long").importance

    assert short is None
    assert set(long) == {"learning_rate", "beta_2"}
    assert math.isclose(sum(long.values()), 1)
    pages = [(studies / name / "index.html").read_text() for name in ("short", "long")]
    assert "It is not told" in pages[0]
    assert "It is not told" not in pages[1]


def test_the_page_needs_no_other_file_and_says_all(studies):
    page = (studies / "long" / "index.html").read_text()
    known = record(studies / "long")

    assert re.findall(r'(?:src|href)="(?!data:)[^"]*"|<script', page) == []
    assert page.count('<th scope="row">') == 40
    assert "no &lt;b&gt;memory&lt;/b&gt;" in page
    assert f"Trial {known.best} with value" in page
    for name in ("course", "importance", "slice-learning_rate", "slice-beta_2"):
        picture = (studies / "long" / f"{name}.png").read_bytes()
        assert picture.startswith(b"\x89PNG")
        assert len(picture) > 5000


def test_a_study_of_a_program_is_left_to_it(studies):
    from optiplug import ConfigError
    from optiplug_tune.opening import opened

    with pytest.raises(ConfigError, match="run the program again"):
        opened(None, studies / "short", [], {}, {"trials": 9})
    assert record(studies / "short").command == ""

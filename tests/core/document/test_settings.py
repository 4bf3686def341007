from __future__ import annotations

import pytest

from optiplug.document import override, parse, parse_setting
from optiplug.errors import ConfigError, Problem

TEXT = """\
optimizer:
  use: sgd
  learning_rate: 0.1
  processors:
    - clip
    - {use: decay, rate: 0.5}
task: digits
steps: 10
"""


def document(*settings):
    return override(parse(TEXT, "yaml", "run.yaml"), [parse_setting(each) for each in settings])


@pytest.mark.parametrize(
    ("text", "path", "value"),
    [
        ("steps=3", ("steps",), 3),
        ("a.b=1e-3", ("a", "b"), 0.001),
        ("a[0][12].b=true", ("a", 0, 12, "b"), True),
        ("a=null", ("a",), None),
        ("a='null'", ("a",), "null"),
        ("a={use: cosine, steps: [1, 2]}", ("a",), {"use": "cosine", "steps": [1, 2]}),
        ("a=b=c", ("a",), "b=c"),
        ("1=2", ("1",), 2),
    ],
)
def test_a_setting_is_a_path_and_a_value(text, path, value):
    setting = parse_setting(text)

    assert (setting.path, setting.value) == (path, value)
    assert setting.source == f"--set {text}"


@pytest.mark.parametrize(
    "text", ["", "steps", "steps=", "steps= ", "=3", "a..b=1", "a[x]=1", "a[0=1", "a=#b"]
)
def test_what_is_no_setting(text):
    with pytest.raises(ConfigError, match=r"^--set: must be PATH=VALUE\. Received"):
        parse_setting(text)


@pytest.mark.parametrize("text", ["a=[1", "a=*/bias", "a=.nan", "a={b: 1, b: 2}"])
def test_a_value_that_no_file_could_hold(text):
    with pytest.raises(ConfigError) as caught:
        parse_setting(text)

    assert [each.position for each in caught.value.problems] == [f"--set {text}"]


def test_values_take_the_place_of_those_in_the_file():
    data = document(
        "optimizer.learning_rate={use: cosine}",
        "optimizer.learning_rate.decay_steps=5",
        "optimizer.processors[0].norm=2",
        "optimizer.processors[2]=ema",
        "task.shift=0",
        "strategy.mirrored=2",
        "seed=4",
    ).data

    assert data == {
        "optimizer": {
            "use": "sgd",
            "learning_rate": {"use": "cosine", "decay_steps": 5},
            "processors": [{"use": "clip", "norm": 2}, {"use": "decay", "rate": 0.5}, "ema"],
        },
        "task": {"use": "digits", "shift": 0},
        "steps": 10,
        "strategy": {"mirrored": 2},
        "seed": 4,
    }


def test_the_document_itself_stays():
    original = parse(TEXT, "yaml")
    override(original, [parse_setting("optimizer.processors[1].rate=1")])

    assert original == parse(TEXT, "yaml")


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("steps.x=1", r"--set steps\.x=1: steps: has nothing called 'x' in it\. Received: 10"),
        ("optimizer.processors.x=1", "optimizer.processors: has nothing called 'x'"),
        ("optimizer.processors[3]=1", r"optimizer\.processors: has no place \[3\]"),
        ("optimizer[0]=1", r"optimizer: has no place \[0\]"),
    ],
)
def test_a_path_that_leads_nowhere(setting, message):
    with pytest.raises(ConfigError, match=message):
        document(setting)


@pytest.mark.parametrize("second", ["optimizer.learning_rate=2", "optimizer=adam"])
def test_a_setting_does_not_undo_another(second):
    with pytest.raises(ConfigError, match=rf"--set {second}: would undo `--set optimizer.learning_rate=1`"):
        document("optimizer.learning_rate=1", second)


def test_problems_are_located_at_the_setting_or_in_the_file():
    given = document("optimizer.learning_rate={use: cosine, steps: 0}", "task.shift=9")
    paths = [
        ("task", "shift"),
        ("optimizer", "learning_rate", "steps"),
        ("optimizer", "use"),
        ("task", "use"),
    ]
    error = given.locate(ConfigError([Problem(path, "is wrong") for path in paths]))

    assert [each.position for each in error.problems] == [
        "run.yaml:2:8",
        "run.yaml:7:7",
        "--set optimizer.learning_rate={use: cosine, steps: 0}",
        "--set task.shift=9",
    ]


def test_a_problem_with_what_a_setting_made_is_located_there():
    given = document("strategy.mirrored=2", "strategy.other=3")

    assert given.position(("strategy",)) == given.position(("strategy", "mirrored"))
    assert given.position(("strategy", "other")) == "--set strategy.other=3"


def test_positions_of_what_was_replaced_are_gone():
    given = document("optimizer=adam")

    assert [path for path in (*given.values, *given.keys) if path[:1] == ("optimizer",)] == [("optimizer",)]

"""What `optiplug explain` tells of each variable of a task."""

from __future__ import annotations

from support.explained_plugins import explained

PARTITION = """\
command: train
task: digits
steps: 1
optimizer:
  use: partition
  groups:
    - {name: convolutions, only: [PATTERN], optimizer: {use: sgd, weight_decay: 0.1}}
    - {name: rest, optimizer: adam}
"""


def test_the_variables_of_each_group_are_told(run, write):
    path = write(PARTITION.replace("PATTERN", '"conv_*/kernel"'))
    told = {each["path"]: each["optimizer"] for each in explained(run, path)["variables"]}
    assert told["conv_1/kernel"] == told["conv_2/kernel"] == "convolutions"
    assert set(told.values()) == {"convolutions", "rest"}
    lines = [line.split() for line in run("explain", path).stdout.splitlines()]
    assert ["conv_1/kernel", "3x3x1x16", "float32", "convolutions", "weight_decay"] in lines
    assert ["conv_1/bias", "16", "float32", "rest", "-"] in lines


def test_a_task_can_be_named(run, write):
    path = write("use: sgd\nprocessors: [{use: ema, only: [dense_2/bias]}]")
    result = run("explain", path, "--task", "digits")
    assert ["dense_2/bias", "10", "float32", "sgd", "ema"] in [
        line.split() for line in result.stdout.splitlines()
    ]
    assert run("explain", path, "--task", "digit").exit_code == 4
    assert "variables" not in run("explain", path).stdout


def test_a_pattern_that_does_not_fit_the_task_is_told(run, write):
    path = write(PARTITION.replace("PATTERN", '"cnov_*"'))
    result = run("explain", path)
    assert (result.exit_code, result.stdout) == (3, "")
    assert f"{path}:7:35: optimizer.groups[0].only[0]: a pattern must match" in result.stderr
    path = write("use: sgd\nprocessors: [{use: ema, only: [cnov]}]")
    result = run("explain", path, "--task", "digits")
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr.startswith(f"{path}:2:32: processors[0].only[0]: a pattern must match")


def test_a_pattern_in_two_places_is_told_with_the_right_one(run, write):
    path = write("use: sgd\nprocessors: [{use: swa, name: cnov, only: [conv*]}, {use: ema, skip: [cnov]}]")
    result = run("explain", path, "--task", "digits")
    assert result.exit_code == 3
    assert result.stderr.startswith(f"{path}:2:71: processors[1].skip[0]: a pattern must match")


def test_a_task_that_fails_is_told(run, write, install):
    modules = {
        "fake_task": 'from optiplug import TaskConfig\nclass Bad(TaskConfig):\n    """B."""\n'
        '    implementation = "fake_bad:bad"\n',
        "fake_bad": "def bad(config): raise OSError('no data')",
    }
    install("fake-task", points={"tasks": {"bad": "fake_task:Bad"}}, modules=modules)
    result = run("explain", write("use: sgd"), "--task", "bad")
    assert (result.exit_code, result.stdout) == (4, "")
    assert "bad: the task cannot be built: OSError: no data" in result.stderr

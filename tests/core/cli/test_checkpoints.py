"""`optiplug checkpoint`: what is told of saved steps, and the exit code."""

from __future__ import annotations

import json

import pytest

from optiplug.cli.checkpoints import steps_at
from support.saved_runs import TABLE, saved_run, saved_step


@pytest.fixture
def folder(tmp_path):
    """The folder of a run with steps 200, 400 and 600, of which the last is damaged."""
    return saved_run(tmp_path / "run")


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("", [200, 400, 600]),
        ("checkpoints", [200, 400, 600]),
        ("checkpoints/", [200, 400, 600]),
        ("checkpoints/step-00000400", [400]),
        ("checkpoints/step-00000400/", [400]),
        ("checkpoints/step-00000400/..", [200, 400, 600]),
    ],
)
def test_a_path_means_a_step_a_folder_or_a_run(folder, path, steps):
    assert [each.step for each in steps_at(f"{folder}/{path}")] == steps


def test_here_is_a_path(folder, monkeypatch):
    monkeypatch.chdir(folder / "checkpoints/step-00000400")
    assert [each.step for each in steps_at(".")] == [400]


@pytest.mark.parametrize(
    ("command", "code"),
    [("list {}", 0), ("show {}/checkpoints/step-00000200", 0), ("show {}", 5), ("verify {}", 5)],
)
@pytest.mark.parametrize("as_json", [True, False])
def test_exit_codes(run, folder, command, code, as_json):
    result = run("checkpoint", *command.format(folder).split(), *(["--json"] if as_json else []))
    assert result.exit_code == code
    if as_json and code == 0:
        assert json.loads(result.stdout)["format"] == 1


@pytest.mark.parametrize("command", ["list", "show", "verify"])
@pytest.mark.parametrize(("made", "code"), [(None, 2), ("file", 2), ("folder", 5)])
def test_a_path_without_steps(run, tmp_path, command, made, code):
    path = tmp_path / "thing"
    if made == "file":
        path.write_text("")
    elif made == "folder":
        (path / "step-1").mkdir(parents=True)
    result = run("checkpoint", command, path)
    assert result.exit_code == code
    assert ("Invalid value for PATH" if code == 2 else "there is no checkpoint") in result.stderr


def test_a_step_that_cannot_be_read_hides_no_other(run, folder):
    told = json.loads(run("checkpoint", "list", folder, "--json").stdout)["steps"]
    assert [(each["step"], each["error"] is None) for each in told] == [
        (200, True),
        (400, True),
        (600, False),
    ]
    assert told[0]["tensors"] == len(TABLE)
    assert told[0]["metadata"] == {"loss": 1 / 200}


def test_show_tells_all_that_was_saved(run, folder):
    told = json.loads(run("checkpoint", "show", folder / "checkpoints/step-00000200", "--json").stdout)
    assert told["identity"]["config"]["batch_size"] == 128
    assert told["tables"]["values"] == {key: [dtype, list(shape)] for key, (dtype, shape) in TABLE.items()}
    assert told["files"]["values.index"]["bytes"] == 700


@pytest.mark.parametrize("change", ["edit", "remove", "add"])
def test_a_changed_file_is_found(run, folder, change):
    step = folder / "checkpoints/step-00000200"
    assert run("checkpoint", "verify", step).exit_code == 0
    file = step / "values.index"
    if change == "edit":
        file.write_bytes(b"Index")
    elif change == "remove":
        file.unlink()
    else:
        (step / "more").touch()
    result = run("checkpoint", "verify", step, "--json")
    told = json.loads(result.stdout)
    assert result.exit_code == 5
    assert not told["valid"]
    assert "step-00000200" in told["steps"][0]["error"]


def test_difference_is_told_by_name_and_exit_code(run, folder):
    steps = folder / "checkpoints"
    one, other = steps / "step-00000200", steps / "step-00000400"
    same = run("checkpoint", "diff", one, one, "--no-values")
    assert (same.exit_code, "no difference; values were not compared" in same.stdout) == (0, True)
    result = run("checkpoint", "diff", one, other, "--no-values", "--json")
    told = json.loads(result.stdout)
    assert result.exit_code == 1
    assert not told["equal"]
    changed = {each["name"]: (each["one"], each["other"]) for each in told["differences"]}
    assert changed["identity.config.optimizer.learning_rate"] == ("0.1", "0.05")
    assert changed["step"] == ("200", "400")


def test_of_several_steps_the_newest_is_compared(run, folder):
    result = run("checkpoint", "diff", folder, folder / "checkpoints/step-00000200", "--no-values")
    assert result.exit_code == 5
    assert "step-00000600" in result.stderr


def test_no_text_of_a_manifest_steers_the_terminal(run, tmp_path):
    escape = "\x1b]0;owned\x07"
    changes = {
        "run": escape,
        "optiplug": escape,
        "metadata": {escape: escape},
        "identity": {escape: {escape: escape}},
        "tables": {"values": {escape: (escape, ())}},
        "state_versions": {escape: {escape: 1}},
    }
    one, other = saved_step(tmp_path, 1, **changes), saved_step(tmp_path, 2)
    for arguments in (["list", tmp_path], ["show", one], ["diff", one, other, "--no-values"]):
        result = run("checkpoint", *arguments)
        assert not {"\x1b", "\x07"} & {*result.stdout, *result.stderr}
        assert "x1b" in result.stdout

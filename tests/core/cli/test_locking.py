"""`optiplug lock`, and `--locked` of the commands that take it."""

from __future__ import annotations

import json

import pytest

from optiplug import registry
from support.locked_plugins import Installed

TEXT = "use: swift\nlearning_rate: 0.5"


@pytest.fixture
def installed(tmp_path, monkeypatch):
    installed = Installed(tmp_path / "sites", monkeypatch)
    yield installed
    monkeypatch.undo()
    installed.forget()


@pytest.fixture
def config(installed, write):
    installed.swift()
    return write(TEXT)


def test_it_is_written_beside_the_config(run, config):
    result = run("lock", config)
    path = config.with_name("optiplug.lock")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines()[0] == f"{path}: 1 plugin of 2 distributions"
    assert "optimizer swift of fake-swift" in result.stdout
    text, file = path.read_text(), path.stat().st_ino
    assert '[distributions.fake-swift]\nversion = "1.4"\nsha256 = "' in text

    again = run("lock", config)
    assert again.stdout == f"{path}: 1 plugin of 2 distributions, as before\n"
    assert (path.read_text(), path.stat().st_ino) == (text, file)


def test_what_changed_is_told(run, config, installed):
    run("lock", config)
    installed.swift("2.0")
    lines = [" ".join(line.split()) for line in run("lock", config).stdout.splitlines()]
    assert lines[1:] == ["what was is", "fake-swift 1.4 2.0"]


def test_several_configs_have_one_file(run, config, write, tmp_path):
    other = write("use: sgd\nclipnorm: 1", "other.yaml")
    told = json.loads(run("lock", config, other, "--json").stdout)
    assert told["lock"] == str(tmp_path / "optiplug.lock")
    assert [*told["distributions"]] == ["fake-swift", "optiplug-core", "optiplug-processors", "optiplug-sgd"]
    assert told["distributions"]["optiplug-processors"]["plugins"] == {"processors": ["clip_by_norm"]}
    assert "optiplug-sgd" in [each["what"] for each in told["changes"]]
    assert all(run("check", each, "--locked").exit_code == 0 for each in (config, other))


def test_configs_in_several_folders_need_a_place(run, config, tmp_path):
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "run.yaml").write_text(TEXT)
    files = (config, tmp_path / "more" / "run.yaml")
    result = run("lock", *files)
    assert (result.exit_code, result.stdout) == (2, "")
    place = tmp_path / "ours.lock"
    assert run("lock", *files, "-o", place).exit_code == 0
    result = run("check", *files, "--lock", place)
    assert result.stdout.count(f"as locked in {place}") == 2
    assert not (tmp_path / "optiplug.lock").exists()


def test_no_other_file_is_overwritten(run, config, write):
    precious = write("use: sgd", "precious.yaml")
    result = run("lock", config, "--output", precious)
    assert (result.exit_code, precious.read_text()) == (2, "use: sgd")


def test_one_in_two_minds_is_written_anew(run, config):
    path = config.with_name("optiplug.lock")
    path.write_text("<<<<<<< ours\nformat = 1\n=======\n")
    result = run("lock", config)
    assert result.exit_code == 0
    assert result.stderr.startswith(f"It is written anew: {path}:1:1: this is not TOML")
    assert run("lock", config, "--check").exit_code == 0


def test_a_broken_config_is_not_locked(run, write):
    result = run("lock", write("use: sgd\nmomentum: 2"))
    assert (result.exit_code, result.stdout) == (3, "")
    assert not write("").with_name("optiplug.lock").exists()


def test_a_check_writes_nothing(run, config, installed):
    path = config.with_name("optiplug.lock")
    assert run("lock", config, "--check").exit_code == 3
    assert not path.exists()
    run("lock", config)
    assert run("lock", config, "--check").stdout == f"{path}: up to date\n"
    text = path.read_text()
    installed.swift("2.0")
    result = run("lock", config, "--check")
    assert (result.exit_code, result.stdout, path.read_text()) == (1, "", text)
    assert "fake-swift 2.0 is installed, and 1.4 is locked in" in result.stderr
    told = json.loads(run("lock", config, "--check", "--json").stdout)
    assert (told["up_to_date"], told["changes"]) == (False, [])
    assert [(each["position"], each["plugin"]) for each in told["problems"]] == [(f"{config}:1:6", True)]


def test_what_nothing_uses_any_more_is_not_up_to_date(run, config):
    run("lock", config)
    config.write_text("use: sgd")
    run("lock", config)
    config.write_text("use: sgd\nclipnorm: 1")
    assert run("lock", config, "--check").exit_code == 1
    run("lock", config)
    config.write_text("use: sgd")
    result = run("lock", config, "--check")
    assert result.exit_code == 1
    assert "processor clip_by_norm of optiplug-processors" in result.stdout
    # It is no drift, though.
    assert run("check", config, "--locked").exit_code == 0
    told = json.loads(run("lock", config, "--check", "--json").stdout)
    assert [each["is"] for each in told["changes"]] == ["-", "-"]


@pytest.mark.parametrize("command", ["check", "explain"])
def test_drift_has_the_code_of_a_plugin_that_does_not_fit(run, config, installed, command):
    run("lock", config)
    installed.swift("1.4", text="# another formula\n")
    result = run(command, config, "--locked")
    assert (result.exit_code, result.stdout) == (4, "")
    assert result.stderr.startswith(f"{config}:1:6: use: the files of fake-swift 1.4 are not those locked")


def test_drift_as_json(run, config, installed):
    run("lock", config)
    told = json.loads(run("check", config, "--locked", "--json").stdout)
    assert (told["valid"], told["lock"]) == (True, str(config.with_name("optiplug.lock")))
    installed.swift("2.0")
    result = run("check", config, "--locked", "--json")
    told = json.loads(result.stdout)
    assert (result.exit_code, told["valid"]) == (4, False)
    assert told["problems"][0]["hint"].startswith("install fake-swift==1.4, or if the change is meant")


@pytest.mark.parametrize("options", [("--locked",), ("--lock", "nowhere.lock")])
@pytest.mark.parametrize("command", ["check", "explain"])
def test_without_a_lock_file_nothing_is_locked(run, config, command, options):
    result = run(command, config, *options)
    assert (result.exit_code, result.stdout) == (3, "")
    assert "the lock file cannot be read: No such file or directory" in result.stderr


def test_a_task_of_the_command_line_counts(run, config):
    run("lock", config)
    result = run("explain", config, "--task", "digits", "--locked")
    assert result.exit_code == 4
    assert "digits@optiplug-lab" in result.stderr
    assert "is not locked in" in result.stderr


def test_what_is_locked_is_not_loaded(run, config, installed):
    """A lock file names plugins, and only the config says which are used."""
    run("lock", config)
    config.write_text("use: sgd")
    installed.forget()
    assert run("check", config, "--locked").exit_code == 4
    swift = registry.find("optimizers", "swift")
    assert registry.status(swift) == "indexed"

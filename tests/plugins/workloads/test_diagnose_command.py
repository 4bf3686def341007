"""`optiplug diagnose`: what it takes, what it refuses, what it says, and its processes."""

from __future__ import annotations

import json
import os
import signal
from io import StringIO
from pathlib import Path

import pytest
from typer.testing import CliRunner

from optiplug import ConfigError, UnknownPluginError, registry
from optiplug.cli import application
from optiplug_workloads.diagnostics.diagnosis import Finding, diagnose, diagnostics
from optiplug_workloads.diagnostics.optimizers import optimizer_of
from optiplug_workloads.diagnostics.table import plain, show
from support.train_processes import LOST, Training, until

RUN = "command: train\ntask: digits\nsteps: 9\noptimizer: {use: sgd, learning_rate: 0.3}\n"


class Diagnosing(Training):
    """The command with these arguments, and its processes."""

    command = "diagnose"

    def seen(self, count):
        """Wait until so many processes are there that examine, and return them."""

        def there():
            assert self.process.poll() is None, self.process.communicate()
            self.known |= {*self.children()}
            return len(self.examining()) >= count

        until(there, f"process {count}")
        return self.examining()

    def examining(self):
        """Return the processes but that which Python has beside them."""
        lines = {pid: Path(f"/proc/{pid}/cmdline").read_text() for pid in self.children()}
        return [pid for pid, line in lines.items() if "spawn_main" in line]


def finding(name, distance=0.5, **more):
    return Finding(f"diagnostic_{name}", target=0.1, distance=distance, **more)


FOUND = {
    "sgd": [finding("scale"), finding("drift", 0.1)],
    "mine.yaml": [finding("scale", 0.05), finding("drift", problem="ValueError: no")],
}


def test_the_table_has_words():
    stream = StringIO()
    show(FOUND, stream)

    rows = [line.strip("│┃ \n").split() for line in stream.getvalue().splitlines()]
    assert ["diagnostic", "┃", "sgd", "┃", "mine.yaml"] in rows
    assert ["scale", "│", "✗", "failed", "│", "✓", "passed"] in rows
    assert ["drift", "│", "✓", "passed", "│", "–", "not", "run"] in rows
    assert ["passed", "│", "1", "of", "2", "│", "1", "of", "2"] in rows


def test_many_optimizers_have_tables_below_each_other():
    stream = StringIO()
    show({f"optimizer_{number}": FOUND["sgd"] for number in range(40)}, stream)

    lines = stream.getvalue().splitlines()
    assert max(map(len, lines)) <= 200
    assert sum(line.startswith("┃ diagnostic") for line in lines) > 1
    assert [f"optimizer_{number}" in stream.getvalue() for number in range(40)] == [True] * 40


def test_json_has_everything_and_no_infinity():
    lost = {"sgd": [finding("scale", float("inf"))]}
    config = registry.get("optimizers", "sgd")(learning_rate=0.25)

    told = json.loads(json.dumps(plain(lost, {"sgd": config}), allow_nan=False))["optimizers"]
    assert [each["config"]["learning_rate"] for each in told] == [0.25]
    assert told[0]["diagnostics"]["diagnostic_scale"] == {
        "verdict": "failed",
        "distance": None,
        "target": 0.1,
        "rate_factor": 1.0,
        "problem": "",
    }


def test_optimizers_are_named_or_in_files(tmp_path):
    run, alone = tmp_path / "run.yaml", tmp_path / "alone.toml"
    run.write_text(RUN)
    alone.write_text(
        'use = "sgd"\nlearning_rate = 0.3\n[plugins]\nallow = ["optiplug-sgd", "optiplug-workloads"]\n'
    )

    assert optimizer_of("sgd").learning_rate == 0.01
    assert (
        optimizer_of(str(run))
        == optimizer_of(str(alone))
        == registry.get("optimizers", "sgd")(learning_rate=0.3)
    )


def test_a_mistake_in_a_file_is_told_with_its_place(tmp_path):
    alone, run = tmp_path / "alone.yaml", tmp_path / "run.yaml"
    alone.write_text("use: sgd\nprocessors:\n  - {use: freeze, only: ['*/bias']}\n")
    run.write_text(RUN.replace("learning_rate", "learning_rat"))

    with pytest.raises(ConfigError, match=r"alone\.yaml:3:26: .*must match at least one variable"):
        optimizer_of(str(alone))
    with pytest.raises(ConfigError, match=r"run\.yaml:4:23: optimizer.*did you mean 'learning_rate'"):
        optimizer_of(str(run))


def test_a_name_that_is_not_enough():
    with pytest.raises(UnknownPluginError, match="did you mean 'lion'"):
        optimizer_of("lionn")
    with pytest.raises(ConfigError, match=r"partition: needs more than its name: groups.*use: partition"):
        optimizer_of("partition")


def test_a_diagnostic_that_there_is_not():
    argv = ["diagnose", "sgd", "--only", "scale,vally"]
    told = CliRunner().invoke(application(argv), argv)

    assert told.exit_code == 2
    assert "'diagnostic_valley'" in told.stderr


def test_an_optimizer_is_diagnosed(tmp_path):
    (tmp_path / "mine.yaml").write_text(RUN)
    with Diagnosing("sgd", tmp_path / "mine.yaml", "--only", "drift,diagnostic_scale", "--json") as process:
        code, out, err = process.end()

    assert (code, err) == (0, "")
    mine, sgd = sorted(json.loads(out)["optimizers"], key=lambda each: each["name"] == "sgd")
    assert mine["config"]["learning_rate"] == 0.3
    for each in (mine, sgd):
        told = {name: found["verdict"] for name, found in each["diagnostics"].items()}
        assert told == {"diagnostic_drift": "passed", "diagnostic_scale": "failed"}


@pytest.mark.slow
def test_processes_find_what_one_finds():
    with Diagnosing("sgd", "adam", "lion", "--jobs", 2, "--json") as process:
        code, out, err = process.end()
        process.gone()

    assert (code, err) == (0, "")
    for told in json.loads(out)["optimizers"]:
        found = diagnose(registry.get("optimizers", told["name"])())
        assert [each["verdict"] for each in told["diagnostics"].values()] == [each.verdict for each in found]
        assert list(told["diagnostics"]) == list(diagnostics())


@pytest.mark.slow
def test_a_process_that_is_killed_is_told():
    with Diagnosing("sgd", "adam", "--jobs", 2) as process:
        os.kill(process.seen(2)[0], signal.SIGKILL)
        code, out, err = process.end()
        process.gone()

    assert code == 1
    assert "– not run" in out
    assert "its process has ended" in err


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_processes_end_with_the_command(number, signals_heard):
    with Diagnosing("sgd", "adam", "--jobs", 2) as process:
        process.seen(2)
        os.kill(process.process.pid, number)
        code, *_ = process.end(LOST)
        process.gone()

    assert code in (-number, 128 + number)

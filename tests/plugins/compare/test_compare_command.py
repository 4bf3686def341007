"""`optiplug compare` in processes of its own."""

from __future__ import annotations

import json
import os
import signal

import pytest

from optiplug_lab.worker_process import threads
from support.compare_processes import Comparing, arguments, results, saved, without_times
from support.fake_distributions import fake_distribution
from support.forks import command
from support.train_processes import PATIENCE, until


def compared(*given, code=0, environment=None):
    with Comparing(*given, environment=environment) as process:
        found, out, err = process.end()
    assert found == code, err
    return out, err


def test_two_optimizers_are_compared(tmp_path):
    folder = tmp_path / "it"

    out, err = compared(*arguments(folder, "--jobs", 1, "--json"))

    told = json.loads(out)
    assert told["folder"] == str(folder)
    assert told["comparison"] == results(folder)
    assert "4/4 runs/adamw-seed-1 done" in err
    rows = {row["name"]: row for row in results(folder)["rows"]}
    assert [[run["seed"] for run in row["runs"]] for row in rows.values()] == [[0, 1], [0, 1]]
    assert rows["adamw"]["state_bytes"] > 8 * rows["adamw"]["parameters"]
    # Equal seeds begin with equal values.
    starts = [row["runs"][1]["figures"]["bits_per_character"][0] for row in rows.values()]
    assert starts[0] == starts[1]
    assert rows["adamw"]["runs"][0]["losses"][-1][0] == 6
    assert rows["adamw"]["runs"][0]["ms_per_step"] > 0
    assert "adamw" in (folder / "index.html").read_text()


@pytest.mark.slow
def test_a_run_equals_that_of_train_bit_for_bit(tmp_path):
    folder = tmp_path / "it"
    optimizers = ["--optimizers", "adamw,schedule_free_adamw,muon", "--task", "digits", "--seeds", 2]
    plan = ["--steps", 30, "--higher-is-better", "--learning-rates", "3"]
    compared(*optimizers, *plan, "--dir", folder, "--jobs", 1)

    for name in ("adamw-seed-1", "muon-seed-0", "schedule_free_adamw-rate-3"):
        run = tmp_path / name
        config = folder / "runs" / name / "config.yaml"
        alone = command("train", config, "--run-dir", run, folder=tmp_path / "said", environment=threads(1))
        assert alone.wait(PATIENCE)
        assert alone.returncode == 0, alone.stderr
        for file in ("metrics.csv", "weights.npz"):
            assert (run / file).read_bytes() == (folder / "runs" / name / file).read_bytes()


@pytest.mark.slow
def test_killed_workers_and_interruptions_leave_no_trace(tmp_path, signals_heard):
    """Workers are replaced, and the same comparison is interrupted by either signal and goes on."""
    whole, it = tmp_path / "whole", tmp_path / "it"
    compared(*arguments(whole, "--jobs", 1, steps=200))

    with Comparing(*arguments(it, "--jobs", 2, steps=200)) as process:
        until(lambda: saved(it, "sgd-seed-0") >= 40, "step 40")
        os.kill(process.seen(1)[0], signal.SIGKILL)
        until(lambda: saved(it, "adamw-seed-0") >= 20, "step 20")
        err = interrupted(process, signal.SIGINT, it)
    assert err.count("was ended by SIGKILL, another goes on") == 1
    with Comparing("--resume", it) as process:
        until(lambda: saved(it, "adamw-seed-1") >= 20, "step 20")
        interrupted(process, signal.SIGTERM, it)
    compared("--resume", it)

    assert without_times(results(it)) == without_times(results(whole))


def interrupted(process, number, folder):
    """Send a signal to the command, and return what it says before it has ended."""
    process.seen(2)
    process.process.send_signal(number)
    code, _, err = process.end()
    process.gone()
    assert code == 128 + number
    assert f"`optiplug compare --resume {folder}` goes on." in err
    assert not (folder / "results.json").exists()
    return err


@pytest.mark.slow
def test_a_killed_parent_leaves_no_worker(tmp_path):
    folder = tmp_path / "it"

    with Comparing(*arguments(folder, "--jobs", 2, steps=100_000)) as process:
        until(lambda: saved(folder, "adamw-seed-0") >= 0, "a step")
        process.seen(2)
        process.process.kill()
        process.process.wait()
        process.gone()
    # They have given back what they had, too.
    assert not list(folder.glob("runs/*/.lock"))


@pytest.mark.slow
def test_two_commands_share_a_comparison(tmp_path):
    folder = tmp_path / "it"

    with Comparing(*arguments(folder, "--jobs", 1, steps=400)) as first:
        until((folder / "plan.json").exists, "the plan")
        with Comparing("--resume", folder, "--jobs", 1) as second:
            ends = [each.end() for each in (first, second)]

    assert [code for code, *_ in ends] == [0, 0]
    done = [{line.split()[3] for line in err.splitlines() if " done" in line} for _, _, err in ends]
    assert done[0] | done[1] == {f"runs/{row}-seed-{seed}" for row in ("sgd", "adamw") for seed in (0, 1)}
    assert all(done)
    assert not done[0] & done[1]


CONFIGS = """
from optiplug_adam.config import AdamWConfig
from optiplug_sgd.config import SGDConfig


class TwinConfig(AdamWConfig):
    '''AdamW under another name.'''

    implementation = "fake_planted_steps:Twin"


class FlippedConfig(SGDConfig):
    '''SGD uphill.'''

    implementation = "fake_planted_steps:Flipped"
    learning_rate: float = 10.0


class DyingConfig(SGDConfig):
    '''SGD that no process survives.'''

    implementation = "fake_planted_steps:Dying"


class RaisingConfig(SGDConfig):
    '''SGD that raises.'''

    implementation = "fake_planted_steps:Raising"
"""
STEPS = """
import os
import signal

from fake_planted import DyingConfig, FlippedConfig, RaisingConfig, TwinConfig
from optiplug_adam.adam import AdamW
from optiplug_sgd.sgd import SGD


class Twin(AdamW):
    Config = TwinConfig


class Flipped(SGD):
    Config = FlippedConfig

    def update_step(self, gradient, variable):
        super().update_step(-gradient, variable)


class Dying(SGD):
    Config = DyingConfig

    def update_step(self, gradient, variable):
        os.kill(os.getpid(), signal.SIGKILL)


class Raising(SGD):
    Config = RaisingConfig

    def update_step(self, gradient, variable):
        raise RuntimeError("no gradient\\nis good enough")
"""


@pytest.fixture
def planted(tmp_path):
    """Return the environment of a process that finds optimizers which are not what they should be."""
    names = {name.lower(): f"fake_planted:{name}Config" for name in ("Twin", "Flipped", "Dying", "Raising")}
    folder = fake_distribution(
        tmp_path / "planted",
        "fake-planted",
        points={"api": {"version": "1"}, "optimizers": names},
        modules={"fake_planted": CONFIGS, "fake_planted_steps": STEPS},
    )
    return {"PYTHONPATH": os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])}


@pytest.mark.slow
def test_failures_are_listed_and_not_fatal(tmp_path, planted):
    folder = tmp_path / "it"
    given = [*arguments(folder, "--jobs", 1, steps=30, seeds=1)][2:]

    out, err = compared("--optimizers", "dying,raising,sgd", *given, code=1, environment=planted)

    ends = {
        run["folder"]: (run["ended"], run["problem"])
        for row in results(folder)["rows"]
        for run in row["runs"]
    }
    assert ends["runs/sgd-seed-0"] == ("done", "")
    assert ends["runs/raising-seed-0"] == ("failed", "RuntimeError: no gradient")
    assert ends["runs/dying-seed-0"][0] == "failed"
    assert "was ended by SIGKILL" in ends["runs/dying-seed-0"][1]
    assert "failed: runs/dying-seed-0: " in out
    assert "Traceback" not in err
    # Another try is made, and fails as well.
    _, err = compared("--resume", folder, code=1, environment=planted)
    assert "3/3" in err


@pytest.mark.slow
def test_planted_optimizers_end_where_they_belong(tmp_path, planted):
    folder = tmp_path / "it"
    given = [*arguments(folder, "--target", 4.5, steps=100, seeds=3)][2:]

    out, _ = compared("--optimizers", "flipped,twin,adamw", *given, environment=planted)

    # They diverged, which is no failure.
    rows = {row["name"]: row for row in results(folder)["rows"]}
    assert {run["ended"] for run in rows["flipped"]["runs"]} == {"diverged"}
    assert all(run["figures"]["bits_per_character"][-1][0] < 100 for run in rows["flipped"]["runs"])
    lines = [line for line in out.splitlines() if "│" in line]
    assert "flipped" in lines[-1]
    assert "never" in lines[-1]
    assert "3 of 3 diverged" in lines[-1]
    (pair,) = (
        each for each in results(folder)["pairs"] if {each["first"], each["second"]} == {"twin", "adamw"}
    )
    assert (pair["difference"], pair["p_value"]) == (0, 1)

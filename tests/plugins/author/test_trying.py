"""`optiplug test`, as a process: what it says of plugins that keep their promises, and of others."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest

from support.fake_distributions import fake_distribution

SOUND = '''
from optiplug import CommandConfig, OptimizerConfig, PositiveInt
print("imported")

class Sound(CommandConfig):
    """Do what is promised."""
    implementation = "fake_sound:run"

class Bare(CommandConfig):
    """Say nothing of a field"""
    implementation = "fake_sound:run"
    times: PositiveInt = 1

class Wanting(CommandConfig):
    """Want a field and give no example."""
    implementation = "fake_sound:run"
    times: PositiveInt
    """How often."""
'''
HASTY = '''
import os
import optiplug
from optiplug import OptimizerConfig, NonNegativeScalar

class HastyConfig(OptimizerConfig):
    """Descend in smaller and smaller steps."""
    implementation = "fake_hasty:hasty"
    paper = "Own work"
    learning_rate: NonNegativeScalar = 0.1
    """Size of the first step."""

def hasty(config):
    class Hasty(optiplug.Optimizer):
        Config = HastyConfig
        steps = []

        def update_step(self, gradient, variable):
            self.steps.append(1)
            if gradient.dtype != "float32":
                os._exit(3)
            variable.assign_sub(self.rate(variable) / len(self.steps) * gradient)
    return Hasty(config)
'''


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A path with a sound distribution, one with the same name in it, and one that cannot be imported."""
    folder = tmp_path_factory.mktemp("path")
    points = {"sound": "fake_sound:Sound", "bare": "fake_sound:Bare", "wanting": "fake_sound:Wanting"}
    fake_distribution(folder, "fake-sound", points={"commands": points}, modules={"fake_sound": SOUND})
    fake_distribution(folder, "fake-twin", points={"commands": {"sound": "fake_sound:Sound"}})
    fake_distribution(folder, "fake-broken", points={"commands": {"broken": "fake_nowhere:Broken"}})
    return folder


@pytest.fixture
def tried(folder, tmp_path):
    """Return exit code, stdout and stderr of `optiplug test` with these arguments, in a folder of its own."""

    def run(*arguments, **environment):
        path = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))
        done = subprocess.run(
            [sys.executable, "-m", "optiplug.cli", "test", *map(str, arguments)],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": path, "COLUMNS": "200", **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    return run


def test_what_is_kept_is_one_line(tried):
    code, out, _ = tried("sound@fake-sound")

    assert (code, len(out.splitlines())) == (0, 1)
    assert out.startswith("sound@fake-sound 1.0 (command): 7 kept (")


def test_what_is_broken_is_told_with_its_promise(tried, tmp_path):
    (tmp_path / "conftest.py").write_text("raise SystemExit('no file of the author has a part in it')")
    code, out, _ = tried("bare", "--junit", "report.xml", PYTEST_ADDOPTS="--no-such-option")
    report = ET.parse(tmp_path / "report.xml").getroot()  # noqa: S314  # of our own making

    assert code == 1
    assert out.splitlines()[0].startswith("bare@fake-sound 1.0 (command): 6 kept, 1 failed (")
    assert [line.strip() for line in out.splitlines()[1:4]] == [
        "FAILED is_documented",
        "It has a summary that ends with a period, and every hyperparameter has a description.",
        "AssertionError: the docstring must start with a sentence. Received: 'Say nothing of a field'.",
    ]
    assert [each.get("name") for each in report.iter("testcase") if each.find("failure") is not None] == [
        "test_commands[bare@fake-sound-is_documented]"
    ]


def test_programs_get_json_and_nothing_else(tried):
    code, out, err = tried("--distribution", "Fake_Sound", "--json")
    told = json.loads(out)
    of = {each["name"]: {check["check"]: check for check in each["checks"]} for each in told["plugins"]}

    assert (code, told["format"], told["kept"]) == (1, 1, False)
    assert "imported" in err
    assert {
        name: sum(check["outcome"] == "kept" for check in checks.values()) for name, checks in of.items()
    } == {
        "bare": 6,
        "sound": 7,
        "wanting": 0,
    }
    assert of["wanting"]["has_an_example"]["outcome"] == "failed"
    assert "times: is required" in of["wanting"]["has_an_example"]["message"]
    assert of["bare"]["is_documented"]["place"].partition(":")[0].endswith("check.py")


def test_an_expected_failure_has_a_reason(tried):
    code, out, _ = tried("bare", "--expect", "is_documented=who reads docs = nobody")

    assert code == 0
    assert "  failed as expected is_documented: who reads docs = nobody" in out.splitlines()


def test_an_expectation_that_no_longer_holds_fails(tried):
    code, out, _ = tried("bare", "--expect", "is_documented=so", "--expect", "survives_json=so")

    assert code == 1
    assert out.splitlines()[0].startswith(
        "bare@fake-sound 1.0 (command): 5 kept, 1 failed, 1 failed as expected ("
    )
    assert "kept again, so it is expected to fail no longer: so" in out


def test_what_would_be_tried(tried):
    code, out, _ = tried("bare", "--list")

    assert code == 0
    assert "  is_documented: It has a summary that ends with a period" in out
    assert "kept" not in out


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([], 2, "name a plugin, or a distribution with --distribution"),
        (["sound"], 4, "several distributions offer this name"),
        (["soundd@fake-sound"], 4, "did you mean"),
        (["broken"], 4, "cannot be imported from fake_nowhere:Broken"),
        (["--distribution", "fake-soundd"], 4, "did you mean 'fake-sound'?"),
        (["sound@fake-sound", "--kind", "comand"], 2, "did you mean 'command'?"),
        (["Sound"], 2, "must be NAME"),
        (["bare", "-k", "nothing_of_it"], 2, "'nothing_of_it' matches no promise"),
        (["bare", "--list", "-k", "documented"], 2, "cannot be combined with --list"),
        (["bare", "-k", "a b"], 2, "Wrong expression passed to '-k'"),
        (["bare", "--expect", "is_documentd=so"], 2, "did you mean 'is_documented'?"),
        (["bare", "--expect", "is_documented"], 2, "must be CHECK=REASON"),
    ],
)
def test_what_cannot_be_tried_is_refused(tried, arguments, code, said):
    got, out, err = tried(*arguments)

    assert (got, out) == (code, "")
    assert said in " ".join(err.replace("│", " ").split())
    assert "Traceback" not in err


@pytest.mark.slow
def test_an_optimizer_is_tried_in_several_processes(tried, folder):
    """One that is broken as it runs, and ends the process for what is not float32."""
    points = {"optimizers": {"hasty": "fake_hasty:HastyConfig"}}
    fake_distribution(folder, "fake-hasty", points=points, modules={"fake_hasty": HASTY})
    code, out, _ = tried("hasty", "--json", "--jobs", 2)
    checks = {each["check"]: each for each in json.loads(out)["plugins"][0]["checks"]}

    assert code == 1
    assert "run as Python: variable encoder/table differs" in checks["traced_equals_python"]["message"]
    assert checks["survives_json"]["outcome"] == "kept"
    assert any("crashed" in each["message"] for each in checks.values())
    assert not any(each["outcome"] == "not tried" for each in checks.values())

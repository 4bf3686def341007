"""`optiplug explain --replicas`: what a step of a task holds and moves on many devices."""

from __future__ import annotations

import json

import pytest

TEXT = "command: train\ntask: digits\nsteps: 1\noptimizer: {use: adam}"


def test_it_is_what_the_report_says(run, write):
    path = write(TEXT)
    result = run("explain", path, "--replicas", "64", "--rows", "dense_1/kernel=10", "--sharded")
    told = json.loads(run("explain", path, "--replicas", "64", "--sharded", "--json").stdout)["scale"]

    assert result.exit_code == 0
    shown = result.stdout[result.stdout.index("\nmulti_worker, 64 replicas, sharded state\n") :]
    assert "\nrows of gradients, gathered " in shown
    assert "- a row that is looked up twice" in shown
    (scale,) = told
    assert scale["cluster"]["strategy"] == "multi_worker"
    assert [each["what"] for each in scale["moved"]] == ["gradients, summed", "variables, gathered"]
    parameters = 4 * (9 * 16 + 16 + 9 * 16 * 32 + 32 + 512 * 64 + 64 + 640 + 10)
    assert scale["held"][0] == {"what": "variables", "replica": parameters, "server": 0}
    assert "scale" not in json.loads(run("explain", path, "--json").stdout)


def test_sharded_is_what_the_config_says(run, write):
    sharded = write(TEXT.replace("adam", "adam, sharded_state: true"), "sharded.yaml")
    asked = run("explain", write(TEXT), "--replicas", "4", "--sharded", "--json")
    said = run("explain", sharded, "--replicas", "4", "--json")

    assert json.loads(asked.stdout)["scale"] == json.loads(said.stdout)["scale"]
    muon = run("explain", write(TEXT.replace("adam", "muon")), "--replicas", "4", "--sharded")
    assert (muon.exit_code, muon.stdout) == (3, "")
    assert "cannot be shared" in muon.stderr


def test_parameter_servers(run, write):
    options = ["--replicas", "8", "--strategy", "parameter_server"]
    for servers, more in ((1, []), (2, ["--servers", "2"])):
        told = json.loads(run("explain", write(TEXT), *options, *more, "--json").stdout)["scale"][0]
        assert told["cluster"]["servers"] == servers


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        (["--strategy", "mirrored"], 2, "--replicas"),
        (["--replicas", "0"], 2, "--replicas"),
        (["--replicas", "2", "--rows", "dense_1/kernel"], 2, "must be PATH=N"),
        (["--replicas", "2", "--rows", "dense_1/krenel=3"], 3, "did you mean 'dense_1/kernel'"),
        (["--replicas", "2", "--strategy", "mirored"], 3, "did you mean 'mirrored'"),
    ],
)
def test_what_cannot_be_is_refused(run, write, options, code, told):
    result = run("explain", write(TEXT), *options)

    assert (result.exit_code, result.stdout) == (code, "")
    assert told in result.stderr


def test_without_a_task_there_are_no_variables(run, write):
    result = run("explain", write("use: adam"), "--replicas", "2")

    assert (result.exit_code, result.stdout) == (2, "")
    assert "--task NAME" in result.stderr

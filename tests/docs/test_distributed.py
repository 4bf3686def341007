"""Each example of the page on several machines runs as it stands, in two processes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.project_paths import ROOT
from support.train_processes import QUIET, config
from support.workers import free_ports, run

PAGE = (ROOT / "docs" / "distributed.md").read_text()

pytestmark = pytest.mark.slow


def blocks(heading, language):
    """Return the code of the fenced blocks below a heading."""
    _, _, below = PAGE.partition(f"# {heading}\n")
    section = re.split(r"^#+ .*\n(?=\n)", below, maxsplit=1, flags=re.MULTILINE)[0]
    return re.findall(rf"^```{language}\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("heading", ["In a loop of your own", "With `fit` of tf_keras"])
def test_an_example_runs_on_two_workers(tmp_path, heading):
    (code,) = blocks(heading, "py")

    assert run("support.page_examples:executed", {"worker": 2}, tmp_path, code=code) == [True, True]


def test_the_chief_of_servers_trains_as_the_page_shows(tmp_path):
    (code,) = blocks("Parameter servers", "py")

    tasks = {"chief": 1, "ps": 1, "worker": 2}
    assert run("support.page_examples:executed", tasks, tmp_path, code=code) == [True]


def test_keras_3_runs_and_its_fit_fails_as_the_page_says(tmp_path):
    (code,) = blocks("With Keras 3", "py")

    for said in run("support.page_examples:example_and_fit_of_keras", {"worker": 2}, tmp_path, code=code):
        assert said.startswith("Attempt to convert a value (PerReplica")
        assert "with an unsupported type" in said


def kubeflow(addresses, index):
    task = {"type": "worker", "index": index}
    return {"cluster": {"worker": addresses, "ps": []}, "task": task, "environment": "cloud"}


def vertex(addresses, index):
    task = {"type": "worker", "index": index - 1} if index else {"type": "chief", "index": 0}
    told = {"cluster": {"chief": addresses[:1], "worker": addresses[1:]}, "task": {**task, "trial": ""}}
    return {**told, "job": json.dumps({"worker_pool_specs": []}), "environment": "cloud"}


def ray(addresses, index):
    return {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}


def on_workers(command, launcher, folder):
    """Run a line of shell on two workers, and return how they ended."""
    addresses = [f"localhost:{port}" for port in free_ports(2)]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    started = [
        subprocess.Popen(
            ["bash", "-c", command],
            cwd=folder,
            env={**os.environ, **QUIET, "PATH": path, "TF_CONFIG": json.dumps(launcher(addresses, index))},
            stderr=subprocess.PIPE,
            text=True,
        )
        for index in range(2)
    ]
    try:
        said = [process.communicate(timeout=240)[1] for process in started]
    finally:
        for process in started:
            process.kill()
    return [(process.returncode, text) for process, text in zip(started, said, strict=True)]


def test_the_command_for_launchers_begins_and_goes_on(tmp_path):
    (text,) = blocks("Launchers", "console")
    shared, lines = tmp_path / "shared", [line[2:] for line in text.splitlines()]
    config(tmp_path, name="digits.yaml")
    command = "\n".join(lines).replace("/shared/digits", str(shared))
    # One run that each goes on with: to begin reads of TF_CONFIG what to go on does. The first has a chief.
    for launcher in (vertex, kubeflow, ray):
        ended = on_workers(command, launcher, tmp_path)
        assert [code for code, _ in ended] == [0, 0], (launcher, ended)
    assert len((shared / "metrics.csv").read_text().splitlines()) == 10

"""What docs/editors.md tells to write into other files does what it says."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib

import pytest
import yaml

from optiplug.cli.schemas import document_schema
from optiplug.document import parse
from optiplug.errors import ConfigError
from support.broken_configs import YAML
from support.project_paths import ROOT
from support.schema_errors import of_ours, why_only_ours
from support.yaml_language_server import YamlLanguageServer

PAGE = (ROOT / "docs/editors.md").read_text()


def block(name):
    """Return the block of the page whose caption has this."""
    (found,) = re.findall(
        rf"^```{{code-block}} \w+\n:caption: .*{name}\n\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE
    )
    return found


@pytest.fixture
def repository(tmp_path):
    """A git repository with the hook of the page, and `optiplug` on the path."""
    (tmp_path / "bin").mkdir()
    script = tmp_path / "bin/optiplug"
    script.write_text(f'#!/bin/sh\nexec {sys.executable} -m optiplug.cli "$@"\n')
    script.chmod(0o755)
    work = tmp_path / "work"
    (work / "configs").mkdir(parents=True)
    (work / ".pre-commit-config.yaml").write_text(block(r"\.pre-commit-config.yaml"))
    subprocess.run(["git", "init", "--quiet"], cwd=work, check=True)
    environment = {"PATH": f"{script.parent}:{os.environ['PATH']}", "PRE_COMMIT_HOME": str(tmp_path / "home")}

    def commit():
        subprocess.run(["git", "add", "--all"], cwd=work, check=True)
        return subprocess.run(
            [sys.executable, "-m", "pre_commit", "run"],
            cwd=work,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    return work, commit


def test_pre_commit_checks_what_is_committed(repository):
    work, commit = repository
    (work / "configs/good.yaml").write_text("use: sgd")
    (work / "notes.yaml").write_text("use: no_such_thing")
    result = commit()
    assert (result.returncode, "Passed" in result.stdout) == (0, True), result.stdout + result.stderr
    (work / "configs/bad.toml").write_text('use = "sgd"\nmomentum = 2')
    result = commit()
    assert result.returncode == 1
    assert "configs/bad.toml:2:12: momentum: must be <= 1" in result.stdout


def test_settings_of_editors_can_be_read():
    settings = json.loads(block("settings.json"))
    assert "./optiplug.schema.json" in settings["yaml.schemas"]
    assert "./optiplug.schema.json" in str(tomllib.loads(block("languages.toml")))
    steps = yaml.safe_load(block("configs.yaml"))["jobs"]["configs"]["steps"]
    assert steps[-1]["run"].startswith("optiplug check ")


SERVER = shutil.which("yaml-language-server")
FIRST_LINE = re.search(r"^# yaml-language-server: .*$", PAGE, re.MULTILINE)[0]


@pytest.fixture(scope="module")
def editor(tmp_path_factory):
    """The language server of editors, with the schema as the page says."""
    folder = tmp_path_factory.mktemp("configs")
    schema, _ = document_schema()
    (folder / "optiplug.schema.json").write_text(json.dumps(schema))
    with YamlLanguageServer(SERVER, folder) as server:
        yield server


@pytest.mark.skipif(SERVER is None, reason="needs the npm package yaml-language-server")
def test_a_language_server_underlines_the_value(editor):
    compared = 0
    for number, (text, *_) in enumerate(YAML):
        try:
            document = parse(text, "yaml", "")
        except ConfigError:
            continue  # what is no config in YAML, as we read it, has no schema
        told = editor.diagnostics(f"{number}.yaml", f"{FIRST_LINE}\n{text}\n")
        # The first line has the number 0, and is the comment.
        places = {(each["range"]["start"]["line"], each["range"]["start"]["character"] + 1) for each in told}
        for problem in of_ours(document).values():
            line, column = map(int, problem.position.split(":")[-2:])
            if not why_only_ours(problem, document.data):
                compared += 1
                # Of what is missing the server tells the key of the mapping, and we the mapping.
                lines = {at for at, _ in places} if "is required" in problem.rule else set()
                assert (line, column) in places or line in lines, (text, told)
    assert compared > 25


@pytest.mark.skipif(SERVER is None, reason="needs the npm package yaml-language-server")
def test_a_language_server_completes_names_and_fields(editor):
    assert editor.diagnostics("good.yaml", f"{FIRST_LINE}\nuse: sgd\nlearning_rate: 1e-3\n") == []
    assert "sgd" in editor.completions("use.yaml", f"{FIRST_LINE}\nuse: s")
    fields = editor.completions("field.yaml", f"{FIRST_LINE}\nuse: sgd\nm")
    assert fields[:3] == ["learning_rate", "momentum", "nesterov"]
    assert "clip_by_norm" in editor.completions(
        "list.yaml", f"{FIRST_LINE}\nuse: sgd\nprocessors:\n  - use: c"
    )

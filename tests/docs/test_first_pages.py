"""What a newcomer reads first: README, installing, what comes after the demo, the notebook."""

from __future__ import annotations

import ast
import json
import re
import tomllib

import numpy as np
import pytest

from optiplug import registry
from support.project_paths import DISTRIBUTIONS, ROOT

README = (ROOT / "README.md").read_text()
INSTALL = (ROOT / "docs" / "install.md").read_text()
NOTEBOOK = json.loads((ROOT / "docs" / "notebooks-and-research.ipynb").read_text())
ROWS = re.findall(r"^\| `(optiplug-\w+(?:-\w+)*)` \| (always|`\w+`) \| (.+) \|$", INSTALL, re.MULTILINE)


def test_readme_begins_with_fit_in_ten_lines():
    first = re.search(r"```python\n(.*?)```", README, re.DOTALL)[1]
    lines = [line for line in first.splitlines() if line]

    assert ".fit(" in first
    assert "optiplug_keras" in first
    assert len(lines) == len(ast.parse(first).body) <= 10


@pytest.mark.parametrize("page", ["README.md", "docs/after-the-demo.md", "docs/quickstart.md"])
def test_the_environment_is_activated_before_a_command(page):
    text = (ROOT / page).read_text()

    assert (
        0
        < text.index("source .venv/bin/activate")
        < text.index("$ optiplug" if "$ optiplug" in text else "Install](")
    )


def test_readme_says_how_long_the_tests_take():
    assert re.search(r"tests about \d+ minutes", README)


def test_every_distribution_is_on_the_page_with_its_extra():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    extra_of = {name: f"`{extra}`" for extra, names in extras.items() if extra != "all" for name in names}
    expected = {f"optiplug-{folder.name}" for folder in DISTRIBUTIONS}

    assert {name: extra for name, extra, _ in ROWS} == {
        name: extra_of.get(name, "always") for name in expected
    }


@pytest.mark.parametrize(("distribution", "brings"), [(name, brings) for name, _, brings in ROWS])
def test_a_distribution_brings_what_the_page_says(distribution, brings):
    provided = {entry.name for entry in registry.entries() if entry.distribution == distribution}
    known = {entry.name for entry in registry.entries()}
    named = set(re.findall(r"`(\w+)`", brings)) & known

    assert named <= provided
    assert named or "all" in brings or distribution in {"optiplug-core", "optiplug-keras", "optiplug-lab"}


def cells():
    return ["".join(cell["source"]) for cell in NOTEBOOK["cells"] if cell["cell_type"] == "code"]


def test_the_notebook_is_stored_without_outputs():
    code = [cell for cell in NOTEBOOK["cells"] if cell["cell_type"] == "code"]

    assert code
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
    assert max(len(line) for cell in cells() for line in cell.splitlines()) <= 88


@pytest.mark.slow
def test_the_notebook_finds_what_it_says(registered, monkeypatch, tmp_path):
    monkeypatch.setenv("MPLBACKEND", "agg")
    names = {"__name__": "notebook"}
    for number, cell in enumerate(cells()):
        file = tmp_path / f"{number}.py"  # AutoGraph reads the source, as it can in a notebook
        file.write_text(cell)
        exec(compile(cell, file, "exec", dont_inherit=True), names)  # noqa: S102  # our own notebook

    history, clipped = names["history"], names["clipped"]
    assert list(history.columns) == ["loss", "first", "second", "output"]
    assert np.isfinite(history.to_numpy()).all()
    assert (history[["first", "second", "output"]] > 0).all(axis=None)
    assert len(clipped) == 50
    assert "clip_by_norm" in str(names["optimizer"].explain(names["network"].values()))
    assert set(names["losses"].columns) == {"sgd", "adamw", "lion"}
    assert (names["losses"].iloc[-10:].mean() < 0.5 * names["losses"].iloc[0]).all()

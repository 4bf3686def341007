"""The recipes of the page on tuning, each on this machine alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import optuna
import pytest

from support.page_blocks import blocks
from support.project_paths import ROOT

PAGE = ROOT / "docs" / "tuning.md"


@pytest.fixture
def recipes(tmp_path):
    """Write the config of the page and its recipes, made small, and return what runs one."""
    (tmp_path / "adamw.yaml").write_text(blocks(PAGE, "yaml")[0][1])
    for name, (_, text) in zip(("database", "ray_tune"), blocks(PAGE, "py"), strict=True):
        small = text.replace("300", "6").replace("num_samples=30", "num_samples=2").replace("=10)", "=2)")
        small = small.replace("postgresql://user@host/studies", "sqlite:///studies.db")
        (tmp_path / f"{name}.py").write_text(small)

    def begin(name):
        environment = {"TF_CPP_MIN_LOG_LEVEL": "3", **os.environ, "CUDA_VISIBLE_DEVICES": "-1"}
        return subprocess.Popen(
            [sys.executable, f"{name}.py"],
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return begin


@pytest.mark.slow
def test_trials_are_shared_by_a_database(recipes, tmp_path):
    made = ["create-study", "--storage", "sqlite:///studies.db", "--study-name", "adamw"]
    optuna_ = Path(sys.executable).with_name("optuna")
    subprocess.run([optuna_, *made, "--direction", "maximize"], cwd=tmp_path, check=True, timeout=60)
    processes = [recipes("database") for _ in range(2)]
    told = [(process.communicate(timeout=240), process.returncode) for process in processes]
    assert [code for _, code in told] == [0, 0], told

    study = optuna.load_study(storage=f"sqlite:///{tmp_path}/studies.db", study_name="adamw")
    assert [each.state.name for each in study.trials] == ["COMPLETE"] * 4
    assert set(study.best_params) == {"learning_rate", "beta_2", "weight_decay"}
    assert 0 < study.best_value <= 1


@pytest.mark.slow
def test_trials_are_made_by_ray(recipes):
    pytest.importorskip("ray", reason="Ray Tune is not installed")
    out, err = recipes("ray_tune").communicate(timeout=290)

    assert "weight_decay" in out.splitlines()[-1], err

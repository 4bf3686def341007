"""The distribution `optiplug` holds no code; it asks for the standard plugins."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from email import message_from_string

import pytest

from support.project_paths import DISTRIBUTIONS, ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT]
    subprocess.run(list(map(str, command)), check=True, capture_output=True)
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as archive:
        yield archive


def test_wheel_holds_metadata_only(wheel):
    assert [name for name in wheel.namelist() if not name.startswith("optiplug-0.1.0.dist-info/")] == []


def test_wheel_requires_every_standard_distribution(wheel):
    metadata = message_from_string(wheel.read("optiplug-0.1.0.dist-info/METADATA").decode())
    required = metadata.get_all("Requires-Dist")
    assert {"optiplug-core", "optiplug-sgd", "optiplug-processors", "optiplug-schedules"} <= set(required)
    assert {each.partition(";")[0].strip() for each in required} == {
        f"optiplug-{folder.name}" for folder in DISTRIBUTIONS
    }
    assert metadata["License-Expression"] == "Apache-2.0"

"""Environments that hold less than this one, made without a network."""

from __future__ import annotations

import os
import subprocess
import sysconfig
from pathlib import Path


def lend_dependencies(folder: Path) -> Path:
    """Fill `folder` with links to what is installed here, optiplug and its plugins excepted.

    Installing TensorFlow once more would take minutes and a network. Our own site-packages on
    the path would not do: the metadata of our editable optiplug lies there too, and a test
    would no longer see what is missing. So each package is linked by itself.
    """
    folder.mkdir()
    for package in Path(sysconfig.get_path("purelib")).iterdir():
        if "optiplug" not in package.name and package.suffix != ".pth":
            (folder / package.name).symlink_to(package)
    return folder


def run(*command: object, cwd: Path | None = None, **environment: object) -> str:
    """Return what a command prints; if it fails, so does the test, with everything it printed."""
    outside = {key: value for key, value in os.environ.items() if key not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    done = subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env={**outside, **{key: str(value) for key, value in environment.items()}},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout

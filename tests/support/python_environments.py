"""Environments that hold less than this one, made without a network."""

from __future__ import annotations

import os
import subprocess
import sys
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


def fresh_environment(folder: Path) -> Path:
    """Return the interpreter of a new environment with what optiplug depends on, and nothing of optiplug."""
    run(sys.executable, "-m", "venv", "--without-pip", folder / "venv")
    interpreter = folder / "venv" / "bin" / "python"
    purelib = run(interpreter, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    Path(purelib, "lent.pth").write_text(f"{lend_dependencies(folder / 'lent')}\n")
    return interpreter


def install(interpreter: Path, *packages: object) -> None:
    """Install packages, or what options of `uv pip install` say, without their dependencies."""
    # Copies, as a file that a test edits would be edited in the cache of uv, too.
    options = ("--quiet", "--no-deps", "--link-mode", "copy", "--python", interpreter)
    run(sys.executable, "-m", "uv", "pip", "install", *options, *packages)


def build_wheel(source: Path, folder: Path) -> None:
    """Build a wheel with the build backend that is installed here, so without network."""
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, source)

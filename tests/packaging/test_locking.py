"""A stranger's plugins, from an index of wheels: locked, upgraded, refused, locked again, edited."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.project_paths import ROOT
from support.python_environments import build_wheel, fresh_environment, install, run

PROJECT = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "optiplug-swift"
version = "{version}"
dependencies = ["optiplug-core", "optiplug-sgd"]

[project.entry-points]
"optiplug.optimizers" = {{ swift = "optiplug_swift.config:SwiftConfig" }}
"optiplug.processors" = {{ halve = "optiplug_swift.config:HalveConfig" }}
"optiplug.schedules" = {{ steady = "optiplug_swift.config:SteadyConfig" }}
"optiplug.tasks" = {{ nothing = "optiplug_swift.config:NothingConfig" }}

[tool.hatch.build]
dev-mode-dirs = ["."]

[tool.hatch.build.targets.wheel]
packages = ["optiplug_swift"]
"""
FILES = {
    "__init__.py": 'import os, pathlib\n\npathlib.Path(os.environ["SWIFT_IMPORTED"]).touch()\n',
    "config.py": '''\
from optiplug import OptimizerConfig, ProcessorConfig, ScheduleConfig, TaskConfig
from optiplug import NonNegativeScalar


class SwiftConfig(OptimizerConfig):
    """Descends."""

    implementation = "optiplug_swift.swift:Swift"
    learning_rate: NonNegativeScalar = 0.1


class HalveConfig(ProcessorConfig):
    """Halves updates."""

    implementation = "optiplug_swift.swift:Halve"


class SteadyConfig(ScheduleConfig):
    """Stays what it is."""

    implementation = "optiplug_swift.swift:Steady"
    level: float = 0.1


class NothingConfig(TaskConfig):
    """Learns nothing."""

    implementation = "optiplug_swift.swift:Nothing"
''',
    "swift.py": """\
import optiplug

from .config import HalveConfig, SteadyConfig, SwiftConfig


class Swift(optiplug.Optimizer):
    Config = SwiftConfig

    def update_step(self, gradient, variable):
        variable.assign_sub(self.learning_rate * gradient)


class Halve(optiplug.Processor):
    Config = HalveConfig

    @optiplug.hookimpl
    def update(self, updates, step):
        return [update / 2 for update in updates]


class Steady(optiplug.Schedule):
    Config = SteadyConfig

    def value(self, step):
        return self.config.level
""",
}
CONFIG = """\
use: swift
learning_rate: {use: steady, level: 0.5}
processors: [halve]
"""
FROM_PYTHON = """
import optiplug, sys
try:
    optimizer = optiplug.from_config("run.yaml", lock="optiplug.lock")
except optiplug.IncompatiblePluginError as error:
    sys.exit(f"{type(error).__name__}: {error}")
import tensorflow as tf
weight = tf.Variable([3.0], name="weight")
optimizer.apply_gradients([(tf.constant([4.0]), weight)])
print(float(weight[0]))
"""


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """The folders of two versions of the distribution, which differ in a formula."""
    folders = {}
    for version, factor in (("1.0", 2), ("2.0", 4)):
        folder = folders[version] = tmp_path_factory.mktemp("source")
        (folder / "optiplug_swift").mkdir()
        (folder / "pyproject.toml").write_text(PROJECT.format(version=version))
        for name, text in FILES.items():
            (folder / "optiplug_swift" / name).write_text(text.replace("/ 2", f"/ {factor}"))
    return folders


@pytest.fixture(scope="module")
def index(sources, tmp_path_factory):
    """A folder with wheels, which is an index to pip and uv."""
    folder = tmp_path_factory.mktemp("index")
    for source in (ROOT / "core", ROOT / "plugins" / "sgd", *sources.values()):
        build_wheel(source, folder)
    return ("--no-index", "-f", folder)


@pytest.fixture
def python(index, tmp_path):
    """An environment with the first version, installed by name."""
    interpreter = fresh_environment(tmp_path)
    install(interpreter, *index, "optiplug-core", "optiplug-sgd", "optiplug-swift==1.0")
    (tmp_path / "run.yaml").write_text(CONFIG)
    return interpreter


def told(python, folder, *arguments):
    """Return exit code, what was printed and said, and whether the plugin's package was imported."""
    mark = folder / "imported"
    mark.unlink(missing_ok=True)
    outside = {key: value for key, value in os.environ.items() if key not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    done = subprocess.run(
        list(map(str, arguments)),
        cwd=folder,
        env={**outside, "SWIFT_IMPORTED": str(mark)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout, done.stderr, mark.exists()


@pytest.mark.slow
def test_a_plugin_is_locked_upgraded_refused_and_locked_again(python, index, sources, tmp_path):
    def optiplug(*arguments):
        return told(python, tmp_path, python.with_name("optiplug"), *arguments)

    code, printed, _, _ = optiplug("lock", "run.yaml")
    assert (code, printed.splitlines()[0]) == (0, "optiplug.lock: 3 plugins of 3 distributions")
    text = (tmp_path / "optiplug.lock").read_text()
    assert str(tmp_path) not in text
    assert optiplug("check", "run.yaml", "--locked")[0] == 0
    assert told(python, tmp_path, python, "-c", FROM_PYTHON)[:2] == (0, "2.0\n")

    install(python, *index, "--upgrade", "optiplug-swift")
    code, printed, said, imported = optiplug("check", "run.yaml", "--locked")
    assert (code, printed, imported) == (4, "", False)
    assert said.startswith("run.yaml:1:6: use: optiplug-swift 2.0 is installed, and 1.0 is locked in opti")
    assert optiplug("check", "run.yaml")[::3] == (0, True)  # as it does without the lock
    code, printed, said, imported = told(python, tmp_path, python, "-c", FROM_PYTHON)
    assert (code, printed, imported) == (1, "", False)
    assert said.splitlines()[-1].startswith("DriftError: run.yaml:1:6: use: optiplug-swift 2.0 is installed")
    assert optiplug("explain", "run.yaml", "--locked")[::3] == (4, False)
    assert optiplug("lock", "run.yaml", "--check")[::3] == (1, False)

    code, printed, _, _ = optiplug("lock", "run.yaml")
    assert [line.split() for line in printed.splitlines()[2:]] == [["optiplug-swift", "1.0", "2.0"]]
    assert optiplug("check", "run.yaml", "--locked")[0] == 0
    assert told(python, tmp_path, python, "-c", FROM_PYTHON)[:2] == (0, "2.5\n")


@pytest.mark.slow
def test_a_file_that_is_edited_added_or_removed_is_drift(python, index, tmp_path):
    def optiplug(*arguments):
        return told(python, tmp_path, python.with_name("optiplug"), *arguments)

    optiplug("lock", "run.yaml")
    edited = installed(tmp_path, python) / "optiplug_swift" / "swift.py"
    edited.write_text(edited.read_text().replace("/ 2", "/ 3"))
    code, _, said, imported = optiplug("check", "run.yaml", "--locked")
    assert (code, imported) == (4, False)
    assert "the files of optiplug-swift 1.0 are not those locked in optiplug.lock" in said
    install(python, *index, "--reinstall", "optiplug-swift==1.0")
    assert optiplug("check", "run.yaml", "--locked")[0] == 0
    added = edited.with_name("more.py")
    added.write_text("")
    assert optiplug("check", "run.yaml", "--locked")[::3] == (4, False)
    added.unlink()
    edited.with_name("__init__.py").unlink()
    assert optiplug("check", "run.yaml", "--locked")[::3] == (4, False)

    run(sys.executable, "-m", "uv", "pip", "uninstall", "--quiet", "--python", python, "optiplug-swift")
    code, _, said, _ = optiplug("check", "run.yaml", "--locked")
    assert (code, "optiplug-swift 1.0 is locked in optiplug.lock, and not installed" in said) == (4, True)


@pytest.mark.slow
def test_other_environments_and_sources_fit_the_same_lock(python, index, sources, tmp_path):
    optiplug = python.with_name("optiplug")
    assert told(python, tmp_path, optiplug, "lock", "run.yaml")[0] == 0
    install(python, "--no-build-isolation", "--editable", sources["1.0"])
    assert "optiplug_swift" not in {each.name for each in installed(tmp_path, python).iterdir()}
    assert told(python, tmp_path, optiplug, "check", "run.yaml", "--locked")[0] == 0
    assert told(python, tmp_path, optiplug, "lock", "run.yaml", "--check")[0] == 0


def installed(folder, python):
    """Return the folder into which packages of an environment are installed."""
    told = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder)
    return Path(told.strip())

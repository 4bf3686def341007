"""A stranger's plugin: rendered from the template, built, installed as a wheel, trained with by name."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import copier
import pytest

from support.project_paths import ROOT
from support.python_environments import lend_dependencies, run

pytestmark = pytest.mark.slow

NAMES = {"optimizer": "sign_momentum", "processor": "relative_bound"}
OPTIMIZERS = {
    "optimizer": {"use": "sign_momentum", "learning_rate": 0.01},
    "processor": {
        "use": "sgd",
        "learning_rate": 0.1,
        "processors": [{"use": "relative_bound", "share": 0.5}],
    },
}
TRAIN = """
import json, sys
import optiplug, tensorflow as tf
weight = tf.Variable([1.0, -2.0], name="weight")
optimizer = optiplug.from_config(json.loads(sys.argv[1]))
losses = []
for _ in range(50):
    optimizer.minimize(lambda: tf.reduce_sum(weight**2), [weight])
    losses.append(float(tf.reduce_sum(weight**2)))
modules = [name for name in sys.modules if name.partition(".")[0].startswith("optiplug")]
print(json.dumps({
    "losses": losses,
    "origins": sorted({sys.modules[name].__file__ for name in modules}),
    "distributions": sorted({entry.distribution for entry in optiplug.registry.entries()}),
}))
"""


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    """The wheels of the core and of the optimizer that the rendered processor runs with."""
    folder = tmp_path_factory.mktemp("wheels")
    for source in ("core", "plugins/sgd"):
        build(ROOT / source, folder)
    return folder


@pytest.fixture(scope="module", params=sorted(NAMES))
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def plugin(kind, tmp_path_factory):
    """The folder into which the template was rendered."""
    folder, data = tmp_path_factory.mktemp(kind), {"kind": kind, "name": NAMES[kind], "author": "A Stranger"}
    copier.run_copy(str(ROOT / "contrib" / "template"), folder, data=data, defaults=True, quiet=True)
    return folder


@pytest.fixture(scope="module")
def python(plugin, wheels, tmp_path_factory):
    """The interpreter of a fresh environment that holds the three wheels, and our dependencies."""
    folder = tmp_path_factory.mktemp("environment")
    build(plugin, folder / "dist")
    run(sys.executable, "-m", "venv", "--without-pip", folder / "venv")
    interpreter = folder / "venv" / "bin" / "python"
    packages = [*wheels.glob("*.whl"), *(folder / "dist").glob("*.whl")]
    run(sys.executable, "-m", "uv", "pip", "install", "--no-deps", "--python", interpreter, *packages)
    purelib = run(interpreter, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    Path(purelib, "lent.pth").write_text(f"{lend_dependencies(folder / 'lent')}\n")
    return interpreter


def test_plugin_trains_by_name(kind, python):
    seen = json.loads(run(python, "-c", TRAIN, json.dumps(OPTIMIZERS[kind])).splitlines()[-1])
    installed = str(python.parent.parent / "lib")

    assert seen["losses"][-1] < 0.7 * seen["losses"][0]
    assert seen["origins"]
    assert all(origin.startswith(installed) for origin in seen["origins"])
    assert f"optiplug-{NAMES[kind].replace('_', '-')}" in seen["distributions"]
    assert "optiplug-adam" not in seen["distributions"]  # nothing leaked in from this environment


def test_plugin_passes_its_own_tests(plugin, python):
    output = run(
        python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--doctest-modules", plugin, cwd=plugin
    )

    assert " passed" in output


def test_plugin_is_listed_with_its_distribution(kind, python):
    output = run(python.parent / "optiplug", "list", "--json")

    assert f"optiplug-{NAMES[kind].replace('_', '-')}" in output


def test_plugin_is_clean(plugin):
    style = ["--isolated", "--line-length", "110"]  # ours depends on where a file lies in this repository

    run(sys.executable, "-m", "ruff", "check", *style, "--select", "A,B,D2,E,F,I,N,PT,RUF,SIM,UP,W", plugin)
    run(sys.executable, "-m", "ruff", "format", "--check", *style, plugin)
    run(sys.executable, "-m", "mypy", "--config-file", ROOT / "pyproject.toml", *plugin.glob("optiplug_*"))


def build(source: Path, folder: Path) -> None:
    """Build a wheel with the build backend that is installed here, so without network."""
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, source)

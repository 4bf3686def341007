"""A stranger's plugins: rendered from the template, built, installed as wheels, used by name, and updated."""

from __future__ import annotations

import json
import shutil
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import copier
import pytest
import yaml
from packaging.requirements import Requirement
from typer.testing import CliRunner

from optiplug.cli import application
from support.project_paths import ROOT
from support.python_environments import lend_dependencies, run

TEMPLATE = ROOT / "plugins" / "author" / "optiplug_author" / "template"
NAMES = {
    "optimizer": "sign_momentum",
    "processor": "relative_bound",
    "schedule": "inverse_root",
    "task": "two_spirals",
    "command": "rates",
}
ANSWERS = {
    **{kind: {"kind": kind, "name": name} for kind, name in NAMES.items()},
    "several": {"kind": "several", "plugins": {name: kind for kind, name in NAMES.items()}},
}
OPTIMIZERS = {
    "optimizer": [{"use": "sign_momentum", "learning_rate": 0.01}],
    "several": [
        {"use": "sign_momentum", "learning_rate": {"use": "inverse_root", "scale": 0.05}},
        {"use": "sgd", "learning_rate": 0.1, "processors": [{"use": "relative_bound", "share": 0.5}]},
    ],
}
TRAIN = """
import json, sys
import optiplug, tensorflow as tf
losses = []
for config in json.loads(sys.argv[1]):
    weight = tf.Variable([1.0, -2.0], name="weight")
    optimizer = optiplug.from_config(config)
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
    """The wheels of the core, of what authors use, and of the optimizer with which processors run."""
    folder = tmp_path_factory.mktemp("wheels")
    for source in ("core", "plugins/author", "plugins/sgd"):
        build(ROOT / source, folder)
    return folder


# The optimizer is the same in both, so what one environment is enough for is tried with several. That one is
# first: pytest compares positions as it groups tests by their environment.
@pytest.fixture(scope="module", params=["several", "optimizer"])
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def plugin(kind, tmp_path_factory):
    """The folder into which `optiplug new` wrote."""
    names = {kind: NAMES[kind]} if kind in NAMES else NAMES
    folder = tmp_path_factory.mktemp(kind) / "plugin"
    written = [text for each, name in names.items() for text in (f"--{each}", name)]
    argv = ["new", str(folder), *written]
    assert CliRunner().invoke(application(argv), argv).exit_code == 0
    return folder


@pytest.fixture(scope="module")
def python(plugin, wheels, tmp_path_factory):
    """The interpreter of a fresh environment with these wheels, that of the plugin, and our dependencies."""
    folder = tmp_path_factory.mktemp("environment")
    build(plugin, folder / "dist")
    run(sys.executable, "-m", "venv", "--without-pip", folder / "venv")
    interpreter = folder / "venv" / "bin" / "python"
    packages = [*wheels.glob("*.whl"), *(folder / "dist").glob("*.whl")]
    run(sys.executable, "-m", "uv", "pip", "install", "--no-deps", "--python", interpreter, *packages)
    purelib = run(interpreter, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    Path(purelib, "lent.pth").write_text(f"{lend_dependencies(folder / 'lent')}\n")
    return interpreter


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["several"], indirect=True)
def test_plugin_trains_by_name(kind, python):
    seen = json.loads(run(python, "-c", TRAIN, json.dumps(OPTIMIZERS[kind])).splitlines()[-1])
    installed = str(python.parent.parent / "lib")

    assert len(seen["losses"]) == len(OPTIMIZERS[kind])
    assert max(seen["losses"]) < 0.7 * 5.0
    assert seen["origins"]
    assert all(origin.startswith(installed) for origin in seen["origins"])
    assert "optiplug-sign-momentum" in seen["distributions"]
    assert "optiplug-adam" not in seen["distributions"]  # nothing leaked in from this environment


@pytest.mark.slow
def test_plugin_passes_its_own_tests(plugin, python):
    command = (python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--doctest-modules", plugin)
    output = run(*command, cwd=plugin, PYTEST_ADDOPTS="")  # with which ours may be run

    assert " passed" in output


@pytest.mark.slow
def test_plugins_are_listed_with_their_distribution(kind, python):
    listed = json.loads(run(python.parent / "optiplug", "list", "--json"))["plugins"]
    own = {each["name"] for each in listed if each["distribution"] == "optiplug-sign-momentum"}

    assert own == set(ANSWERS[kind].get("plugins", ["sign_momentum"]))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["several"], indirect=True)
def test_its_promises_are_kept_from_the_shell(kind, python, tmp_path):
    # In one process, as each imports TensorFlow.
    command = (python.parent / "optiplug", "test", "--distribution", "optiplug-sign-momentum", "--jobs", 1)
    told = json.loads(run(*command, "--json", "--junit", tmp_path / "report.xml"))
    tried = [check for each in told["plugins"] for check in each["checks"]]

    assert told["kept"]
    assert {each["name"] for each in told["plugins"]} == set(ANSWERS[kind].get("plugins", ["sign_momentum"]))
    assert len(tried) > 30
    assert {check["outcome"] for check in tried} <= {"kept", "skipped"}
    assert f'tests="{len(tried)}"' in (tmp_path / "report.xml").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["several"], indirect=True)
def test_a_command_is_on_the_command_line(kind, python, tmp_path):
    (tmp_path / "optimizer.yaml").write_text("use: sgd\nlearning_rate: 0.5\n")

    assert run(python.parent / "optiplug", "rates", tmp_path / "optimizer.yaml").startswith("0\t0.5\n")


@pytest.mark.slow
def test_what_is_written_is_strictly_typed(plugin, wheels):
    # Both kinds share what mypy knows of the modules that they import.
    run(sys.executable, "-m", "mypy", "--cache-dir", wheels.with_name("mypy"), cwd=plugin)


@pytest.mark.parametrize("kind", ANSWERS)
def test_what_copier_renders_has_style(kind, tmp_path):
    plugin = rendered(TEMPLATE, tmp_path, kind)

    run(sys.executable, "-m", "ruff", "check", "--no-cache", plugin)
    run(sys.executable, "-m", "ruff", "format", "--check", "--no-cache", plugin)


@pytest.mark.parametrize("kind", ANSWERS)
def test_it_wants_the_core_that_it_was_written_for(kind, tmp_path):
    project = tomllib.loads((rendered(TEMPLATE, tmp_path, kind) / "pyproject.toml").read_text())["project"]
    core, *others = map(Requirement, project["dependencies"])
    major, minor, *_ = version("optiplug-core").split(".")

    assert core.name == "optiplug-core"
    assert [each.name for each in others] == (["typer"] if kind in {"command", "several"} else [])
    assert f"{major}.{minor}" in core.specifier
    assert f"{major}.{int(minor) + 1}" not in core.specifier
    assert {"optiplug-core", "optiplug-sgd"} == {
        Requirement(each).name for each in project["optional-dependencies"]["test"]
    }


@pytest.mark.parametrize(
    "answers",
    [
        {"kind": "optimizer", "name": "Adam"},
        {"kind": "schedule", "name": "config"},
        {"kind": "several", "plugins": {"Adam": "optimizer"}},
        {"kind": "several", "plugins": {"adam_2": "optimiser"}},
        {"kind": "several", "plugins": {}},
    ],
)
def test_answers_that_would_not_work_are_refused(answers, tmp_path):
    with pytest.raises(ValueError, match="Validation error"):
        copier.run_copy(str(TEMPLATE), tmp_path, data=answers, defaults=True, quiet=True)


@pytest.fixture
def repository(tmp_path):
    """A repository that has the template where this one has it."""
    folder = tmp_path / "optiplug"
    shutil.copytree(TEMPLATE, folder / TEMPLATE.relative_to(ROOT))
    shutil.copy(ROOT / "copier.yml", folder)
    run("git", "init", "--quiet", folder)
    commit(folder, "first")
    run("git", "tag", "0.1.0", cwd=folder)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("named", ["absolute", "relative"])
@pytest.mark.parametrize("kind", ["schedule", "several"])
def test_an_update_brings_what_is_new(named, kind, repository, tmp_path, monkeypatch):
    monkeypatch.chdir(repository.parent)
    plugin = rendered(repository if named == "absolute" else Path(repository.name), tmp_path / "plugin", kind)
    run("git", "init", "--quiet", plugin)
    own = plugin / "README.md"
    own.write_text(own.read_text().replace("Plugins for", "My plugins for").replace("A plugin", "My plugin"))
    commit(plugin, "mine")
    ignored = repository / TEMPLATE.relative_to(ROOT) / "template" / ".gitignore"
    ignored.write_text(ignored.read_text() + "new/\n")
    commit(repository, "second")
    run("git", "tag", "0.2.0", cwd=repository)

    monkeypatch.chdir(plugin)
    copier.run_update(overwrite=True, defaults=True, quiet=True)

    changed = run("git", "diff", "--name-only", cwd=plugin).split()
    assert changed == [".copier-answers.yml", ".gitignore"]
    assert (plugin / ".gitignore").read_text().endswith("new/\n")
    assert own.read_text().count("My plugin") == 1
    answers = yaml.safe_load((plugin / ".copier-answers.yml").read_text())
    assert (answers["_src_path"], answers["_commit"]) == (str(repository), "0.2.0")


def test_a_plain_folder_is_copied_again_from_anywhere(tmp_path, monkeypatch):
    shutil.copytree(TEMPLATE, tmp_path / "template")
    monkeypatch.chdir(tmp_path)
    plugin = rendered(Path("template"), tmp_path / "plugin", "schedule")
    (tmp_path / "template" / "template" / ".gitignore").write_text("new/\n")

    monkeypatch.chdir(plugin)
    copier.run_recopy(overwrite=True, defaults=True, quiet=True)

    assert (plugin / ".gitignore").read_text() == "new/\n"


def rendered(template: Path, folder: Path, kind: str) -> Path:
    """Return the folder with what the template makes of the answers for a kind."""
    data = {"author": "A Stranger", "distribution": "optiplug-sign-momentum", **ANSWERS[kind]}
    copier.run_copy(str(template), folder, data=data, defaults=True, quiet=True)
    return folder


def commit(folder: Path, message: str) -> None:
    """Commit everything in a repository."""
    run("git", "add", "--all", cwd=folder)
    name = ["-c", "user.name=A Stranger", "-c", "user.email=stranger@example.com"]
    run("git", *name, "commit", "--quiet", "--message", message, cwd=folder)


def build(source: Path, folder: Path) -> None:
    """Build a wheel with the build backend that is installed here, so without network."""
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, source)

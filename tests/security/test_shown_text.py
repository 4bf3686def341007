"""What docs/security.md promises of what is shown: each sentence there is the name of a test."""

from __future__ import annotations

import json
import re
import unicodedata
from importlib.metadata import entry_points

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from optiplug import errors, registry
from optiplug.checkpoint import Manifest
from optiplug.cli import application
from optiplug.cli.loading import load
from optiplug.document import parse
from optiplug.errors import ConfigError, Problem, StateError
from support.project_paths import ROOT

STEERING = "\x1b[2J\x07\x08\r\x9b31m\x85\u202e\u2066\u200b\u2028\ufeff"
# What ends no line: in the metadata of a distribution it can be a name.
UNBROKEN = "".join(STEERING.splitlines())
HOSTILE = f"evil{STEERING}[red]{{}}%s"
EXIT_CODES = range(6)
SHORT = 64_000


def assert_plain(text):
    steering = {each for each in text if unicodedata.category(each) in {"Cc", "Cf", "Cs", "Zl", "Zp"}}

    assert steering <= {"\n"}


def optiplug(*argv):
    """Run the command line in this process, and return all that it has shown."""
    result = CliRunner(env={"COLUMNS": None}).invoke(application(argv), argv, prog_name="optiplug")
    assert result.exception is None or isinstance(result.exception, SystemExit), (argv, result.exception)
    assert result.exit_code in EXIT_CODES
    assert_plain(result.output)
    assert len(result.output.encode()) < SHORT or argv[0] == "schema"
    return result.output


def commands():
    """Yield the words of each command, and its parameters."""
    names = {point.name for point in entry_points(group="optiplug.commands")}
    for name in sorted({*BUILT_IN, *names}):
        yield from leaves((name,), typer.main.get_command(application([name])).commands[name])


def leaves(words, command):
    inner = getattr(command, "commands", None)
    if inner is None:
        yield words, command.params
    for name in inner or ():
        yield from leaves((*words, name), inner[name])


BUILT_IN = typer.main.get_command(application(["list"])).commands
COMMANDS = list(commands())


def arguments(params, value):
    return [value for each in params if each.param_type_name == "argument"]


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with files whose names and contents are hostile."""
    monkeypatch.chdir(tmp_path)
    step = tmp_path / HOSTILE / "step-00000001"
    step.mkdir(parents=True)
    spec = {HOSTILE: ("float32", (1,))}
    manifest = Manifest(
        step=1,
        run=HOSTILE,
        identity={HOSTILE: HOSTILE},
        tables={"values": spec},
        state_versions={HOSTILE: {HOSTILE: 1}},
        files={"values.index": ("0" * 64, 1)},
        tensorflow=HOSTILE,
        optiplug=HOSTILE,
        metadata={HOSTILE: HOSTILE},
    )
    (step / "manifest.json").write_bytes(manifest.dump())
    (step / HOSTILE).touch()
    for ending in (".yaml", ".json", ".toml"):
        (tmp_path / f"{HOSTILE}{ending}").write_text(json.dumps({"use": HOSTILE, HOSTILE: [HOSTILE]}))
    return tmp_path


@pytest.fixture
def plugins(install):
    texts = f'    """{STEERING} summary."""\n    paper = {HOSTILE!r}\n'
    module = (
        "import optiplug\n"
        f"class Sound(optiplug.ProcessorConfig):\n{texts}"
        "    implementation = 'nowhere:Sound'\n"
        f"    rate: float = 0.1\n    {HOSTILE!r}\n"
        f"class Greet(optiplug.CommandConfig):\n{texts}"
        "    implementation = 'fake_evil:greet'\n"
        "from typing import Annotated\nimport typer\n"
        f"def greet(name: Annotated[str, typer.Option(help={STEERING!r})]):\n    {STEERING!r}\n"
    )
    points = {
        "processors": {"evil": "fake_evil:Sound"},
        "optimizers": {"broken": "fake_raises:Config"},
        "commands": {"greet": "fake_evil:Greet"},
    }
    raises = f"raise RuntimeError({HOSTILE!r} * 10**6)"
    install("fake-evil", points=points, modules={"fake_evil": module, "fake_raises": raises})
    named = {kind: {f"ev{UNBROKEN}il": "fake_evil:Greet"} for kind in points}
    install(f"fake{UNBROKEN}", UNBROKEN, points=named)


@pytest.mark.parametrize(("words", "params"), COMMANDS, ids=[" ".join(words) for words, _ in COMMANDS])
def test_text_cannot_control_a_terminal(place, plugins, words, params):
    values = [HOSTILE, f"{HOSTILE}.yaml", f"{HOSTILE}.json"]
    # A command of a plugin may take minutes for a name that there is.
    values += ["evil", "broken"] if words[0] in BUILT_IN else []
    given = [["--help"], [f"--{HOSTILE}"], *(arguments(params, value) for value in values)]
    options = [each.opts[0] for each in params if each.param_type_name == "option" and not each.is_flag]
    given += [[*arguments(params, f"{HOSTILE}.yaml"), f"{option}={HOSTILE}"] for option in options]

    # Some commands have no arguments, and are the same with all of them.
    for argv in dict.fromkeys(map(tuple, given)):
        optiplug(*words, *argv)


@pytest.mark.parametrize(
    "argv",
    [
        *(
            ["--help"],
            ["doctor"],
            ["doctor", "--json"],
            ["list"],
            ["list", "--wide"],
            ["list", "--json"],
            ["show", "evil"],
            ["schema", "evil"],
        ),
        *(["show", "broken"], [HOSTILE], ["greet", "--help"], ["checkpoint", HOSTILE], [f"--{HOSTILE}"]),
    ],
    ids=lambda argv: " ".join(argv).replace(HOSTILE, "evil"),
)
def test_what_plugins_say_cannot_control_a_terminal(place, plugins, argv):
    shown = optiplug(*argv)

    assert shown
    assert r"\x1b[2J" in shown or argv != ["doctor"]


SOURCES = [*ROOT.glob("core/optiplug/**/*.py"), *ROOT.glob("plugins/*/optiplug_*/**/*.py")]
READ = sorted({name for path in SOURCES for name in re.findall(r"OPTIPLUG_[A-Z_]+", path.read_text())})


@pytest.mark.parametrize("variable", ["TF_CONFIG", *READ])
def test_no_variable_of_the_environment_can_control_a_terminal(place, monkeypatch, variable):
    (place / "run.yaml").write_text("command: train\ntask: digits\noptimizer: sgd\nsteps: -1")
    monkeypatch.setenv(variable, HOSTILE)

    for argv in (["list"], ["check", "run.yaml"], ["train", "run.yaml"], ["show", "sgd"]):
        optiplug(*argv)


TEXTS = st.text(st.sampled_from([*STEERING, *"ab/.\n"]), max_size=20)
CLASSES = [getattr(errors, name) for name in errors.__all__ if name.endswith("Error")]


@given(TEXTS, TEXTS, TEXTS, TEXTS)
def test_no_error_can_control_a_terminal(rule, where, received, hint):
    for kind in CLASSES:
        more = {"differences": [(rule, where, received, hint)]} if "Different" in kind.__name__ else {}
        assert_plain(str(kind(rule, where=where, received=[received], hint=hint, **more)))
    assert_plain(str(StateError(rule, where=where, differences=[(rule, received, hint)])))
    assert_plain(str(ConfigError([Problem((where, 0, rule), rule, received, hint, position=where)])))


LARGE = {
    "names": ("json", '{"use": "sgd", "processors": [' + ",".join(['"emma"'] * 9_000) + "]}"),
    "fields": ("json", '{"use": "sgd", ' + ",".join(f'"k{number}": 1' for number in range(19_000)) + "}"),
    "mappings": ("yaml", "use: sgd\nprocessors: [" + "{a: 1}," * 9_000 + "]"),
    "numbers": ("toml", 'use = "sgd"\nexclude_from_weight_decay = [' + "1," * 9_000 + "]"),
    "a key": ("yaml", f"use: sgd\n? {'k' * 65_000}\n: 1"),
    "a text": ("yaml", f"use: {'s' * 65_000}"),
    "levels": ("json", '{"use": "sgd", "' + '": {"'.join("k" * 9_000 for _ in range(30)) + '": 1' + "}" * 30),
}


@pytest.mark.parametrize("kind", LARGE)
def test_a_message_is_short(kind):
    written, text = LARGE[kind]
    with pytest.raises(ConfigError) as caught:
        load(parse(text, written))
    assert len(str(caught.value).encode()) < SHORT
    assert len(caught.value.problems) <= errors.MOST


def test_what_a_plugin_raises_is_short(plugins):
    with pytest.raises(errors.BrokenPluginError) as caught:
        registry.get("optimizers", "broken")
    assert len(str(caught.value).encode()) < SHORT

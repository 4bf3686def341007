"""What is wrong with a file, and where: `optiplug check` on one broken config after the other."""

from __future__ import annotations

import subprocess
import sys

import pytest

LAUGHS = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\nuse: sgd\n"
TRAIN = "command: train\ntask: digits\n"

# (format, text, line:column or "" for the whole file, part of the message, exit code)
YAML = [
    ("use: sgd\nmomentun: 0.9", "2:1", "momentun: is not a field of SGDConfig", 3),
    ("use: sgd\nmomentun: 0.9", "2:1", "did you mean 'momentum'?", 3),
    ("use: sgdd", "1:6", "did you mean 'sgd'?", 4),
    ("use: sgd\nlearning_rate: -1", "2:16", "learning_rate: must be >= 0. Received: -1.", 3),
    ("use: sgd\nlearning_rate: .nan", "2:16", "must be finite", 3),
    ("use: sgd\nlearning_rate: -.INF", "2:16", "must be finite", 3),
    ("use: sgd\nlearning_rate: 1e999", "2:16", "must be finite", 3),
    ("use: sgd\nmomentum: 0.9\nmomentum: 0.8", "3:1", "only once; the first is at line 2, column 1", 3),
    (LAUGHS, "1:4", "anchors and aliases are not allowed", 3),
    ("use: " + "[" * 10_000, "1:37", "at most 32 levels", 3),
    ("use: sgd\nprocessors: " + "{a: " * 10_000, "2:137", "at most 32 levels", 3),
    ("use: sgd\nclipnorm: 1\nglobal_clipnorm: 2", "3:18", "cannot be combined with clipnorm", 3),
    ("use: sgd\nclipnorm: 0", "2:11", "must be > 0", 3),
    ("use: sgd\nlearning_rate: '0.1'", "2:16", "write it without quotes", 3),
    ("use: sgd\nlearning_rate: true", "2:16", "must be a number or a schedule. Received: True", 3),
    ("use: sgd\nnesterov: no", "2:11", "must be true or false. Received: 'no'", 3),
    ("use: sgd\nnesterov: 1", "2:11", "must be true or false", 3),
    ("use: sgd\njit_compile: maybe", "2:14", "jit_compile: must be", 3),
    ("use: sgd\nprocessors:\n  - use: no_such", "3:10", "processors[0].use: no installed", 4),
    ("use: sgd\nprocessors: [emaa]", "2:14", "did you mean 'ema'?", 4),
    ("use: sgd\nprocessors: [sgd]", "2:14", "among the processors", 4),
    ("use: sgd\nprocessors: ema", "2:13", "processors: must be a list", 3),
    ("use: sgd\nprocessors:\n  - use: clip_by_norm", "3:5", "processors[0].max_norm: is required", 3),
    ("use: sgd\nlearning_rate: {use: cosine}", "2:16", "decay_steps: is required", 3),
    (
        "use: sgd\nlearning_rate:\n  use: constant\n  value: 1\n  vale: 2",
        "5:3",
        "learning_rate.vale: is not",
        3,
    ),
    ("use: os.system", "1:6", "a Python path selects nothing", 3),
    ("use: sgd@optiplug-sgd>=99", "1:6", "use: installed is sgd@optiplug-sgd", 4),
    ("use: sgd@nobody", "1:6", "Received: 'sgd@nobody'", 4),
    ("use:", "1:5", "use: must be NAME", 3),
    ("use: 3", "1:6", "use: must be NAME", 3),
    ("learning_rate: 1", "1:1", "must say which plugin to `use`", 3),
    ("{}", "1:1", "must say which plugin to `use`", 3),
    ("use: !!python/object/apply:os.system [ls]", "1:6", "tags are not allowed", 3),
    ("use: sgd\n<<: {momentum: 0.9}", "2:1", "merge keys are not allowed", 3),
    ("use: sgd\n---\nuse: adam", "2:1", "a file holds one document", 3),
    ("%YAML 1.1\n---\nuse: sgd", "1:1", "`%YAML 1.2`", 3),
    ("use: sgd\n1: 2", "2:1", "a key must be a text. Received: 1", 3),
    ("? [use]\n: sgd", "1:3", "a key must be a text", 3),
    ("use: sgd\nprocessors: [ema", "2:17", "this is not YAML", 3),
    ("use: sgd\nprocessors:\n\t- ema", "3:1", "this is not YAML", 3),
    ("use: sgd\nname: a: b", "2:8", "this is not YAML", 3),
    ("use: sgd\nname: \x07", "2:7", r"the character '\x07' is not allowed", 3),
    ('use: sgd\nname: "\\ud800"', "2:7", "half a surrogate pair", 3),
    ("use: sgd\nname: " + "x" * 70_000, "2:7", "a text may have at most 65,536 characters", 3),
    ("use: sgd\nseed: " + "9" * 5_000, "2:7", "a whole number must fit in 64 bits", 3),
    ("use: sgd\nonly: [" + "a," * 10_001 + "]", "2:20008", "a list may have at most 10,000 items", 3),
    ("use: sgd\nprocessors: [" + "[], " * 10_001 + "]", "2:40014", "a list may have at most 10,000", 3),
    ("- sgd", "1:1", "a config is a mapping", 3),
    ("sgd", "1:1", "a config is a mapping", 3),
    ("", "", "the file is empty", 3),
    ("# nothing\n", "", "the file is empty", 3),
    ("command: trane", "1:10", "command: no installed distribution", 4),
    ("command: train\nuse: sgd", "2:1", "either `use`, for an optimizer, or `command`", 3),
    (TRAIN + "optimizer: {use: sgd, momentum: 2}", "3:33", "optimizer.momentum: must be <= 1", 3),
    (TRAIN + "optimizer: {use: sgd, momentum: 2}", "1:1", "steps: is required", 3),
]
JSON = [
    ('{"use": "sgd", "momentum": 0.9,}', "1:32", "this is not JSON", 3),
    ('{"use": "sgd"} // fast', "1:16", "this is not JSON: Extra data", 3),
    ('{"use": "sgd', "1:9", "this is not JSON: Unterminated string", 3),
    ('{\n"use": "sgd",\n\t"learning_rate": NaN}', "3:19", "must be finite", 3),
    ('{"use": "sgd", "use": "adam"}', "1:16", "only once", 3),
    ('{"use":' * 10_000, "1:225", "at most 32 levels", 3),
    ('{"use": "sgd",\n "processors": ["ema",\n  {"use": "ema", "momentum": 7}]}', "3:30", "must be <= 1", 3),
    ("null", "", "the file is empty", 3),
]
TOML = [
    ('use = "sgd"\nuse = "adam"', "2:13", "this is not TOML: Cannot overwrite a value", 3),
    ('use = "sgd"\nname = 2001-01-01 12:00:00', "2:8", "a datetime is no value for a config", 3),
    ('use = "sgd"\nlearning_rate = nan', "2:17", "must be finite", 3),
    ('use = "sgd"\nprocessors = [', "2:15", "this is not TOML", 3),
    ('use = "sgd"\n[[processors]]\nuse = "ema"\nmomentun = 1', "4:1", "processors[0].momentun: is not a", 3),
    ('use = "sgd"\nprocessors = [\n  "ema",\n  {use = "eema"},\n]', "4:10", "did you mean 'ema'?", 4),
    (
        'use = "sgd"\n[learning_rate]\nuse = "constant"\nvalue = -1',
        "4:9",
        "learning_rate.value: must be >=",
        3,
    ),
    ("a" + ".a" * 20_000 + " = 1", "1:1", "at most 32 levels", 3),
    ("use = " + "[" * 10_000, "1:39", "at most 32 levels", 3),
    ("use = " + "9" * 5_000, "1:7", "a number may have at most 4,300 digits", 3),
]
FILES = [
    ("run.yaml", b"use: sgd\nname: \xff", "2:7", "the file is not UTF-8", 3),
    ("run.yaml", "use: sgd".encode("utf-16"), "1:1", "the file is not UTF-8", 3),
    ("run.toml", bytes(range(256)), "2:118", "the file is not UTF-8", 3),
    ("run.toml", bytes(range(128)), "1:1", "this is not TOML", 3),
    ("run.json", b"\x7fELF\x02\x01", "1:1", "this is not JSON", 3),
    ("run.yaml", b"#" * (1024 * 1024 + 1), "", "at most 524,288 bytes", 3),
    ("run.ini", b"use = sgd", "", "ends in .yaml, .yml, .toml, .json", 3),
]
CASES = [
    *(("run.yaml", *case) for case in YAML),
    *(("run.json", *case) for case in JSON),
    *(("run.toml", *case) for case in TOML),
    *FILES,
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]}-{case[3]}-{str(case[1])[:30]}")
def test_message_and_exit_code(run, write, case):
    name, text, place, rule, code = case
    path = write(text, name)
    result = run("check", path)
    assert result.exit_code == code, result.stderr
    where = f"{path}:{place}: " if place else f"{path}: "
    assert [line for line in result.stderr.splitlines() if line.startswith(where) and rule in line], (
        result.stderr
    )
    assert result.stdout == ""


def test_a_missing_file(run, tmp_path):
    result = run("check", tmp_path / "no.yaml")
    assert (result.exit_code, result.stderr) == (
        3,
        f"{tmp_path}/no.yaml: the file cannot be read: No such file or directory.\n",
    )


def test_a_directory(run, tmp_path):
    (tmp_path / "run.yaml").mkdir()
    result = run("check", tmp_path / "run.yaml")
    assert (result.exit_code, "Is a directory" in result.stderr) == (3, True)


def test_every_problem_at_once_in_the_order_of_the_file(run, write):
    text = """\
use: sgd
learning_rate: {use: cosine, initial_learning_rate: -1}
momentum: 2
nestero: true
processors:
  - use: clip_by_norm
    max_norm: 0
  - use: emma
"""
    path = write(text)
    result = run("check", path)
    assert result.exit_code == 4  # a missing plugin outweighs the rest
    places = [line.removeprefix(f"{path}:").partition(": ")[0] for line in result.stderr.splitlines()]
    assert places == ["2:16", "2:53", "3:11", "4:1", "7:15", "8:10"]


@pytest.mark.sampled(3)
@pytest.mark.parametrize("command", ["check", "explain"])
@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("use: sgd\nlearning_rate: -1", 3),
        ("use: sgdd", 4),
        ("[" * 10_000, 3),
        ("use: sgd\n\x1b]0;x\x07: 1", 3),
    ],
    ids=["rule", "plugin", "deep", "escapes"],
)
def test_a_process_ends_without_traceback(write, command, text, code):
    path = write(text)
    result = subprocess.run(
        [sys.executable, "-m", "optiplug.cli", command, str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stdout) == (code, "")
    assert result.stderr.startswith(f"{path}:")
    assert "Traceback" not in result.stderr
    assert "\x1b" not in result.stderr

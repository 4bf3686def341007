"""`optiplug plot`."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from matplotlib.image import imread
from typer.testing import CliRunner

from optiplug.cli import application
from optiplug_compare import plotted_path, plotted_schedules
from optiplug_compare.landscapes import LANDSCAPES

OPTIMIZER = """\
use: sgd
learning_rate: {use: linear, initial_learning_rate: 0.5, end_learning_rate: 0.1, transition_steps: 4}
processors:
  - use: weight_decay
    rate: {use: exponential, initial_learning_rate: 0.01, decay_steps: 8, decay_rate: 0.5}
"""
RUN = f"command: train\ntask: digits\nsteps: 3\noptimizer:\n  {OPTIMIZER.replace(chr(10), chr(10) + '  ')}"
SCHEDULE = "use: linear\ninitial_learning_rate: 1.0\ntransition_steps: 4\n"


@pytest.fixture(autouse=True)
def _tensorflow_stays_as_it_is(monkeypatch):
    """Determinism would hold for all tests that come later."""
    for module in (plotted_path, plotted_schedules):
        monkeypatch.setattr(module, "prepare_tensorflow", lambda _: None)


def plot(*arguments, **environment):
    argv = ["plot", *map(str, arguments)]
    return CliRunner(env={"COLUMNS": "80", **environment}).invoke(application(argv), argv)


def numbers(*arguments):
    done = plot(*arguments, "--json")
    assert (done.exit_code, done.stderr) == (0, "")
    return json.loads(done.stdout)


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "config.yaml"
        path.write_text(text)
        return path

    return write


def test_schedules_of_an_optimizer_and_its_processors(write):
    rate, decay = numbers("schedule", write(OPTIMIZER))["schedules"]

    assert (rate["path"], rate["use"]) == ("learning_rate", "linear")
    assert rate["steps"] == decay["steps"] == list(range(10))  # a quarter more than the longest
    assert rate["values"] == pytest.approx([0.5, 0.4, 0.3, 0.2] + [0.1] * 6)
    assert (decay["path"], decay["use"]) == ("processors.0.rate", "exponential")
    assert decay["values"][8] == pytest.approx(0.005)


def test_schedules_of_a_run_go_as_far_as_the_run(write):
    curves = numbers("schedule", write(RUN))["schedules"]

    assert [each["path"] for each in curves] == ["optimizer.learning_rate", "optimizer.processors.0.rate"]
    assert curves[0]["values"] == pytest.approx([0.5, 0.4, 0.3])


def test_a_schedule_alone(write):
    (curve,) = numbers("schedule", write(SCHEDULE), "--steps", "6")["schedules"]

    assert (curve["path"], curve["values"]) == ("", [1.0, 0.75, 0.5, 0.25, 0.0, 0.0])


def test_many_steps_are_sampled(write):
    (curve,) = numbers("schedule", write(SCHEDULE), "--steps", "1000000")["schedules"]

    assert len(curve["steps"]) == 400
    assert (curve["steps"][0], curve["steps"][-1]) == (0, 999_999)


def test_a_chart_on_the_terminal(write):
    lines = plot("schedule", write(SCHEDULE)).stdout.splitlines()

    assert lines[0] == "linear"
    assert lines[1].startswith("1 │⠉")
    assert lines[14].startswith("0 │")
    assert lines[14].rstrip().endswith("⣀")
    assert lines[16].split() == ["0", "step", "4"]
    assert max(map(len, lines)) <= 80


def test_a_chart_where_there_are_no_such_characters(write):
    argv = ["plot", "schedule", str(write(SCHEDULE))]
    done = CliRunner(charset="ascii").invoke(application(argv), argv)
    lines = done.stdout_bytes.decode("ascii").splitlines()

    assert lines[1].startswith("1 |**")
    assert lines[15].startswith("  +--")


@pytest.mark.parametrize("ending", [".png", ".PNG", ".svg"])
def test_a_picture(write, tmp_path, ending):
    path = tmp_path / f"picture{ending}"
    done = plot("schedule", write(OPTIMIZER), "--out", path)

    assert (done.exit_code, done.stdout) == (0, f"{path}\n")
    if ending == ".svg":
        assert b"<svg" in path.read_bytes()
    else:
        picture = imread(path)[..., :3]
        blue = (picture[..., 2] > 0.6) & (picture[..., 0] < 0.1)
        assert blue[: len(blue) // 2].sum() > 500
        assert blue[len(blue) // 2 :].sum() > 500


def test_the_path_of_a_name_goes_down_with_a_good_rate():
    found = numbers("path", "adamw")

    assert (found["use"], found["landscape"], found["learning_rate"]) == ("adamw", "valley", 0.1)
    assert len(found["points"]) == 121
    assert found["points"][0] == [-1.4, 1.6]
    assert found["heights"][0] == pytest.approx(6.2784)
    assert found["heights"][-1] < 1e-3


def test_the_path_of_a_file_is_as_it_says(write):
    found = numbers("path", write("use: sgd\nlearning_rate: 0.01\n"), "--landscape", "bowl", "--steps", "2")
    x, y = np.array([-1.6, 0.7])
    points = [[x, y]]
    for _ in range(2):
        x, y = x - 0.01 * 2 * x, y - 0.01 * 50 * y
        points.append([x, y])

    assert found["learning_rate"] is None
    assert np.array(found["points"]) == pytest.approx(np.array(points), abs=1e-6)


def test_the_path_of_the_optimizer_of_a_run(write):
    assert len(numbers("path", write(RUN), "--steps", "3")["points"]) == 4


def test_a_path_that_is_lost_is_told(write, tmp_path):
    file = write("use: sgd\nlearning_rate: 100.0\n")
    found = numbers("path", file)
    picture = tmp_path / "path.png"

    assert found["points"][-1] == [None, None]
    assert found["heights"][-1] is None
    assert "to no finite number" in plot("path", file).stdout
    assert plot("path", file, "--out", picture).exit_code == 0
    assert picture.stat().st_size > 1000


def test_a_path_on_the_terminal():
    *rows, title, legend = plot("path", "sgd", "--landscape", "saddle").stdout.splitlines()

    assert max(map(len, rows)) == 80
    assert "".join(rows).count("o") == 1
    assert "".join(rows).count("*") == 2
    assert any("\u2801" <= each <= "\u28ff" for each in "".join(rows))
    assert title.startswith("sgd with learning rate ")
    assert legend == "o is where it begins, * where it should end"


@pytest.mark.parametrize("name", LANDSCAPES)
def test_landscapes_are_zero_at_their_ends_only(name):
    ground = LANDSCAPES[name]
    (left, right), (low, high) = ground.span
    heights = ground.height(*np.meshgrid(np.linspace(left, right, 50), np.linspace(low, high, 50)))

    assert heights.min() >= 0
    for x, y in (*ground.ends, ground.start):
        assert left < x < right
        assert low < y < high
    assert [float(ground.height(*end)) for end in ground.ends] == pytest.approx(
        [0] * len(ground.ends), abs=1e-9
    )
    assert float(ground.height(*ground.start)) > 1


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["path", "adamww"], 4, "did you mean 'adamw'?"),
        (["path", "missing.yaml"], 3, "No such file"),
        (["path", "adam", "--landscape", "mars"], 2, "must be one of valley"),
        (["path", "adam", "--out", "path.gif"], 2, "must end with .png or .svg"),
        (["path", "adam", "--steps", "0"], 2, "--steps"),
        (["schedule", "missing.yaml"], 3, "No such file"),
        (["schedule", "missing.yaml", "--landscape", "bowl"], 2, "is for paths"),
        (["surface", "adam"], 2, "surface"),
    ],
)
def test_mistakes_on_the_command_line(arguments, code, said):
    done = plot(*arguments)

    assert done.exit_code == code
    assert said in " ".join(done.stderr.split())


@pytest.mark.parametrize(
    ("what", "text", "code", "said"),
    [
        ("schedule", "use: sgd\n", 3, "there is no schedule in it"),
        ("schedule", "use: linear\n", 3, "config.yaml:1:1: initial_learning_rate: is required"),
        ("schedule", "use: sgd\nlearning_rate: {use: linaer}\n", 4, "config.yaml:2:22: learning_rate.use: "),
        ("schedule", "use: linaer\n", 4, "config.yaml:1:6: use: "),
        ("schedule", "command: trian\n", 4, "config.yaml:1:10: command: "),
        ("schedule", "steps: 3\n", 3, "must say which plugin to `use`"),
        ("path", SCHEDULE, 3, "must have an optimizer. Received: 'linear'"),
        ("path", "use: sgd\nlearning_rate: -1\n", 3, "config.yaml:2:16: learning_rate: must be >= 0"),
        ("path", "use: sgd\nplugins: {block: [sgd]}\n", 4, "block"),
    ],
)
def test_mistakes_in_a_file(write, what, text, code, said):
    done = plot(what, write(text))

    assert done.exit_code == code
    assert said in done.stderr
    assert "part:" not in done.stderr
    assert "part." not in done.stderr


def test_a_folder_that_is_missing_is_told(write, tmp_path):
    done = plot("schedule", write(SCHEDULE), "--out", tmp_path / "missing" / "a.png")

    assert done.exit_code == 1
    assert "missing" in done.stderr
    assert "Traceback" not in done.stderr


def test_mistakes_are_told_without_tensorflow(write):
    code = (
        "import sys; from optiplug.cli import main\n"
        "try: main()\n"
        "except SystemExit as end: print(end.code, 'tensorflow' in sys.modules)"
    )
    command = [sys.executable, "-c", code, "plot", "path", str(write("use: sgd\nlearning_rate: -1\n"))]
    done = subprocess.run(command, capture_output=True, text=True, check=True)

    assert done.stdout == "3 False\n"

from __future__ import annotations

import os

import numpy as np
import pytest
from matplotlib.image import imread

from optiplug_lab.curves import _limits, draw_curves
from support.full_disks import limited_file_size

HEADER = "step,loss,learning_rate,gradient_norm,test_accuracy\n0,,,,0.1\n"


def drawn(tmp_path, rows, final=0.95):
    metrics, image = tmp_path / "metrics.csv", tmp_path / "curves.png"
    metrics.write_text(HEADER + rows)
    draw_curves(metrics, image, {"accuracy": final})
    return imread(image)


def test_four_panels_have_curves(tmp_path):
    rows = "".join(
        f"{step},{1 / step},0.1,{2 / step},{0.9 if step % 10 == 0 else ''}\n" for step in range(1, 101)
    )
    picture = drawn(tmp_path, rows)[:, :, :3]
    colored = np.ptp(picture, axis=2) > 0.2
    height, width = colored.shape

    assert (height, width) == (832, 1300)
    for rows_shown, columns in ((0, 0), (0, 1), (1, 1)):
        panel = colored[rows_shown * height // 2 :, columns * width // 2 :][: height // 2, : width // 2]
        assert panel.sum() > 500


def panels(monkeypatch, tmp_path, text):
    """The titles and lines of what is drawn of a metrics.csv."""
    figures = []
    monkeypatch.setattr("optiplug_lab.curves.Figure.savefig", lambda figure, *_, **__: figures.append(figure))
    (tmp_path / "metrics.csv").write_text(text)
    draw_curves(tmp_path / "metrics.csv", tmp_path / "curves.png", {"accuracy": 0.5})
    return {axes.get_title(loc="left"): [line.get_label() for line in axes.lines] for axes in figures[0].axes}


def test_what_has_no_value_has_no_panel(monkeypatch, tmp_path):
    drawn = panels(monkeypatch, tmp_path, "step,loss,gradient_norm\n0,,\n1,0.5,\n2,0.25,\n")

    assert list(drawn) == ["Training loss"]


def test_each_rate_has_a_curve(monkeypatch, tmp_path):
    header = "step,loss,learning_rate,learning_rate/rest,gradient_norm\n"
    drawn = panels(monkeypatch, tmp_path, f"{header}0,,,,\n1,0.5,0.1,0.2,1.0\n")

    assert list(drawn) == ["Training loss", "Learning rates", "Gradient norm, before clipping"]
    assert drawn["Learning rates"] == ["own", "rest"]


def test_limits_of_figures_that_differ_by_rounding():
    low, high = _limits([0.19777778, 0.19777777791023254])

    assert high - low > 0.001


@pytest.mark.parametrize(
    "rows",
    ["1,nan,nan,nan,0.1\n", "1,inf,0.0,0.0,0.1\n", "1,-1.0,0.1,1.0,0.1\n2,0.5,0.1,1.0,0.1\n"],
    ids=["not a number", "infinite", "not positive"],
)
def test_values_without_a_logarithm(tmp_path, rows):
    assert drawn(tmp_path, rows, final=0.1).size


@pytest.mark.parametrize("name", [b"$\\frac$", b"a\xff"], ids=["a formula", "no text"])
def test_names_are_drawn_as_they_are(tmp_path, name):
    folder = tmp_path / os.fsdecode(name)
    folder.mkdir()
    rates = "learning_rate,learning_rate/$\\frac$"
    (folder / "metrics.csv").write_text(f"step,loss,{rates},gradient_norm\n1,0.5,0.1,0.2,1.0\n")
    draw_curves(folder / "metrics.csv", folder / "curves.png", {})

    assert imread(folder / "curves.png").size


def test_a_full_disk_leaves_the_old_curves(tmp_path):
    (tmp_path / "metrics.csv").write_text(f"{HEADER}1,0.5,0.1,0.2,\n")
    (tmp_path / "curves.png").write_bytes(b"old")
    with limited_file_size(1000), pytest.raises(OSError, match="File too large"):
        draw_curves(tmp_path / "metrics.csv", tmp_path / "curves.png", {"accuracy": 0.5})

    assert (tmp_path / "curves.png").read_bytes() == b"old"
    assert {path.name for path in tmp_path.iterdir()} == {"curves.png", "metrics.csv"}

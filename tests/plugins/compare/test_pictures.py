from __future__ import annotations

import io
import math

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.image import imread

from optiplug_compare import canvas
from optiplug_compare.pictures import COLOURS, pictures
from optiplug_compare.standings import standings
from support.comparisons import comparison, of, row, run

NAMES = ["figure-steps", "figure-seconds", "loss-steps", "loss-seconds", "rates"]


def drawn(judged):
    return {each.name: each for each in pictures(judged, standings(judged))}


@pytest.fixture
def figures(monkeypatch):
    """The figures that are drawn, without their files, which take most of the time."""
    kept = []
    monkeypatch.setattr(canvas, "_encoded", lambda figure, _: kept.append(figure) or b"")
    return kept


def texts(figure):
    """Return the texts that are seen in a figure, with their boxes in pixels."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    (axes,) = figure.axes
    ticks = [
        tick.label1
        for axis in (axes.xaxis, axes.yaxis)
        for tick in axis.get_major_ticks()
        if min(axis.get_view_interval()) <= tick.get_loc() <= max(axis.get_view_interval())
    ]
    all_texts = [*figure.texts, *axes.texts, *ticks, axes.xaxis.label, axes.yaxis.label]
    return [(each.get_text(), each.get_window_extent(renderer)) for each in all_texts if each.get_text()]


def overlapping(found):
    """Return the pairs of texts of which more than half a pixel is on each other."""
    left, low, right, high = np.array([box.extents for _, box in found]).T
    beside = np.minimum(right[:, None], right) - np.maximum(left[:, None], left) > 0.5
    above = np.minimum(high[:, None], high) - np.maximum(low[:, None], low) > 0.5
    first, second = np.nonzero(np.triu(beside & above, 1))
    return [(found[one][0], found[other][0]) for one, other in zip(first, second, strict=True)]


@pytest.mark.parametrize("rows", [2, 12, pytest.param(40, marks=pytest.mark.slow)])
def test_texts_do_not_overlap_and_are_inside(figures, rows):
    names = [f"schedule_free_optimizer_{number}" if number % 3 else f"sgd{number}" for number in range(rows)]
    drawn(of(names, factors=(0.1, 0.3, 3.0, 10.0)))

    assert len({id(figure) for figure in figures}) == 2 * len(NAMES)
    for figure in {id(each): each for each in figures}.values():
        found = texts(figure)
        width, height = figure.bbox.width, figure.bbox.height
        assert len(found) > rows + 6
        for text, box in found:
            assert box.x0 >= 0, text
            assert box.x1 <= width + 1, text
            assert box.y0 >= -1, text
            assert box.y1 <= height, text
        assert overlapping(found) == [], width


def test_labels_are_in_the_order_of_the_ends(figures):
    names = [f"row{number}" for number in range(12)]
    drawn(of(names, seeds=1))
    heights = {text: box.y0 for text, box in texts(figures[0]) if text.startswith("row")}

    assert sorted(heights, key=heights.__getitem__) == names


def test_each_picture_is_there_in_three_forms():
    found = drawn(of(["sgd", "adamw"], factors=(0.1,)))

    assert list(found) == NAMES
    for each in found.values():
        assert imread(io.BytesIO(each.png)).shape[1] == 2 * canvas.WIDE.width
        assert b'viewBox="0 0 760 ' in each.wide
        assert b'viewBox="0 0 368 ' in each.narrow
        assert b"<text" not in each.wide  # letters are drawn, so that they are as wide as was reckoned


def test_the_best_are_in_colours_and_the_rest_grey(figures):
    drawn(of([f"row{number}" for number in range(12)]))
    colours = [line.get_color() for line in figures[0].axes[0].lines if len(line.get_xdata()) > 1]

    assert set(COLOURS) < set(colours)
    assert colours.count("#a3a9b2") == 4


def test_bands_reach_from_the_least_to_the_greatest(figures):
    runs = [run(seed, 0.9 + 0.03 * seed) for seed in range(3)]
    drawn(comparison(row("adamw", *runs)))
    axes = figures[0].axes[0]
    edges = axes.collections[0].get_paths()[0].vertices
    last = [each.figures["accuracy"][-1][1] for each in runs]

    assert sorted(set(edges[edges[:, 0] == 200][:, 1])) == pytest.approx([min(last), max(last)])
    assert axes.lines[0].get_ydata()[-1] == pytest.approx(np.median(last))


def test_one_seed_has_no_band(figures):
    assert "so there is no band" in drawn(of(["sgd"], seeds=1))["figure-steps"].caption


def test_a_run_that_diverged_is_marked(figures):
    found = drawn(
        comparison(row("wild", *(run(seed, ended="diverged") for seed in range(2))), row("tame", run()))
    )
    crosses = [line for line in figures[0].axes[0].lines if line.get_marker() == "x"]

    assert "A cross marks where a run diverged." in found["figure-steps"].caption
    assert [float(line.get_xdata()[0]) for line in crosses] == [100.0, 100.0]
    assert "wild diverged" in [text for text, _ in texts(figures[0])]


def test_what_is_far_off_leaves_the_picture_and_says_so(figures):
    rows = [row(f"good{number}", run(best=0.95 + 0.01 * number)) for number in range(4)]
    found = drawn(comparison(*rows, row("bad", run(best=0.1001))))
    axes = figures[0].axes[0]

    assert axes.get_ylim()[0] > 0.3
    assert "A triangle marks" in found["figure-steps"].caption
    assert [line.get_marker() for line in axes.lines].count("v") == 1
    assert any(text.startswith("bad 0.1") for text, _ in texts(figures[0]))


def test_rates_that_diverge_are_open_at_the_edge(figures):
    runs = [run(), run(factor=0.1), run(factor=10.0, ended="diverged")]
    drawn(comparison(row("sgd", *runs)))
    axes = figures[-1].axes[0]
    points, edge = axes.lines

    assert list(points.get_xdata()) == [0.1, 1.0, 10.0]
    assert math.isnan(points.get_ydata()[-1])
    assert edge.get_markerfacecolor() == "white"
    assert list(edge.get_ydata()) == [axes.get_ylim()[0]]


def test_without_other_rates_there_is_no_picture_of_them(figures):
    assert "rates" not in drawn(of(["sgd"]))


def test_seconds_are_those_of_the_steps(figures):
    drawn(comparison(row("sgd", run().model_copy(update={"seconds": 19.9}))))

    assert figures[3].axes[0].get_xlabel() == "seconds of training"
    assert figures[3].axes[0].lines[0].get_xdata()[-1] == pytest.approx(20.0)


def test_the_loss_is_not_drawn_twice(figures):
    loss = run().model_copy(update={"figures": {}, "final": {}})

    assert list(drawn(comparison(row("sgd", loss)))) == ["figure-steps", "figure-seconds"]


def test_without_a_finite_value_there_is_no_picture():
    lost = run().model_copy(update={"figures": {}, "losses": ((10, math.nan),), "ended": "diverged"})

    assert drawn(comparison(row("sgd", lost))) == {}
    assert drawn(comparison()) == {}


def test_pictures_depend_on_the_numbers_alone():
    plain = drawn(of(["sgd"]))
    with mpl.rc_context({"axes.facecolor": "red", "lines.linewidth": 9, "text.usetex": True}):
        assert drawn(of(["sgd"])) == plain

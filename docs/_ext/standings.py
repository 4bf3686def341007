"""Pictures of the leaderboard: speed-ups with their intervals, and performance profiles."""

from __future__ import annotations

import math

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.leaderboard.score import TAU, Board, Score, ratios
from growth import APART, STYLES, svg
from optiplug_compare.labels import apart

__all__ = ["profiles", "speed_ups"]

GREY = "#64748b"
BLUE = STYLES[0][0]
LEADER = {"arrowstyle": "-", "linewidth": 0.6, "relpos": (0.0, 0.5), "shrinkA": 1}
BEHIND = {"facecolor": "white", "edgecolor": "none", "pad": 1.0}
TICKS = (0.1, 0.2, 0.33, 0.5, 0.67, 1, 1.5, 2, 3, 5)


def speed_ups(board: Board) -> str:
    """Return a line for each row: its speed-up with the interval, hollow and without one after a miss."""
    scores = [score for score in board.tuned if score.steps]
    figure = Figure(figsize=(5.6, 1.0 + 0.3 * max(1, len(scores))), layout="constrained")
    axes = figure.add_subplot()
    known = [score.where_reached for score in scores if score.reached]
    for height, score in enumerate(reversed(scores)):
        _speed_up(axes, board, score, height)
    axes.axvline(1.0, color=GREY, linewidth=0.8)
    axes.set_yticks(range(len(scores)), [score.row for score in reversed(scores)])
    axes.set_ylim(-0.6, max(1, len(scores)) - 0.4)
    axes.set(
        xscale="log", xlabel=f"speed-up over {board.protocol.reference}: its steps over those of the row"
    )
    low, high = 0.6 * min([0.8, *known]), 1.7 * max([1.25, *known])
    axes.set_xlim(low, high)
    ticks = [tick for tick in TICKS if low < tick < high]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.grid(visible=True, axis="x", color="#e2e8f0", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    return svg(figure, f"Speed-up of each row over {board.protocol.reference}, with 95 % intervals")


def _speed_up(axes: Axes, board: Board, score: Score, height: int) -> None:
    missed = sum(map(math.isinf, score.steps.values()))
    place = score.where_reached if score.reached else 1.0
    if missed or math.isnan(score.speed_up):
        told = "missed all" if not score.reached else f"missed {missed}" if missed else "unfinished"
        at = {"textcoords": "offset points", "verticalalignment": "center", "bbox": BEHIND}
        axes.annotate(told, (place, height), (8, 0), fontsize=8, color=GREY, **at)
        if score.reached:
            axes.plot(place, height, color=BLUE, marker="o", markersize=5, fillstyle="none")
        return
    reach = math.exp(1.96 * score.error) if score.error > 0 and score.row != board.protocol.reference else 1.0
    axes.plot([place / reach, place * reach], [height, height], color=BLUE, linewidth=1.5)
    axes.plot(place, height, color=BLUE, marker="o", markersize=5)


def profiles(board: Board) -> str:
    """Return for each row on how many workloads it is within a factor of the fastest, by the factor."""
    steps = {score.row: score.steps for score in board.tuned if score.steps}
    curves = [(row, sorted(each for each in ratios(steps, row) if each <= TAU)) for row in steps]
    count = max(1, len(board.protocol.workloads))
    figure = Figure(figsize=(5.6, 4.4), layout="constrained")
    axes = figure.add_subplot()
    axes.set(xlabel="factor of the steps of the fastest row", ylabel="part of the workloads within it")
    axes.set(xlim=(1.0, TAU), ylim=(-0.02, 1.02))
    # Upside down, so that of several at one height the first is on top.
    labels = apart([len(found) / count for _, found in reversed(curves)], APART, 0.0, 1.0)[::-1]
    for number, ((row, found), height) in enumerate(zip(curves, labels, strict=True)):
        colour = STYLES[number][0] if number < len(STYLES) else GREY
        places = [1.0, *found, TAU]
        heights = [sum(each <= place for each in found) / count for place in places]
        # Side by side, where several are at one height.
        shift = (number - len(curves) / 2) * 0.0025
        axes.step(places, [each + shift for each in heights], where="post", color=colour, linewidth=1.4)
        axes.annotate(
            row,
            (TAU, heights[-1] + shift),
            (1.06, height),
            textcoords="axes fraction",
            verticalalignment="center",
            color=colour,
            fontsize=8,
            arrowprops={
                "arrowstyle": "-",
                "color": colour,
                "linewidth": 0.6,
                "relpos": (0.0, 0.5),
                "shrinkA": 1,
            },
        )
    axes.grid(visible=True, color="#e2e8f0", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    return svg(figure, "Performance profiles: workloads within a factor of the fastest row")

"""Sphinx extension: the directive ``scaling-pictures`` draws what is calculated for up to 1,024 replicas."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import tensorflow as tf
from docutils import nodes
from matplotlib.figure import Figure
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import optiplug
from growth import STYLES, svg

__all__ = ["BANDWIDTH", "LATENCY", "PARAMETERS", "REPLICAS", "drawn", "held", "lines", "seconds"]

PARAMETERS, LAYERS = 25_000_000, 25
BANDWIDTH, LATENCY = 25e9 / 8, 50e-6
REPLICAS = [2**power for power in range(11)]


class Line(NamedTuple):
    """What is calculated of one kind of cluster, for each number of replicas."""

    label: str
    values: Sequence[float]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("scaling-pictures", Pictures)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


class Pictures(SphinxDirective):
    """Insert the picture."""

    def run(self) -> list[nodes.Node]:
        """Return it, as an SVG element of the page."""
        return [nodes.raw("", drawn(lines(held), lines(seconds)), format="html")]


def held(report: Any) -> float:
    """Return what the fullest process holds, in bytes."""
    return float(max(sum(each.replica for each in report.held), sum(each.server for each in report.held)))


def seconds(report: Any) -> float:
    """Return how long a step moves what it moves."""
    return float(report.seconds(bandwidth=BANDWIDTH, latency=LATENCY))


def clusters(replicas: int) -> Mapping[str, tuple[bool, Mapping[str, Any]]]:
    """Return the clusters of so many replicas that are drawn: if state is sharded, and the rest."""
    servers = {"1 server": 1, "a server for 4 workers": max(1, replicas // 4)}
    return {
        "multi_worker": (False, {"strategy": "multi_worker"}),
        "multi_worker, sharded state": (True, {"strategy": "multi_worker"}),
    } | {
        f"parameter_server, {label}": (False, {"strategy": "parameter_server", "servers": count})
        for label, count in servers.items()
    }


def lines(of: Callable[[Any], float]) -> list[Line]:
    """Return a line for each kind of cluster."""
    variables = [
        tf.Variable(tf.zeros([1000, PARAMETERS // LAYERS // 1000]), name=f"layer_{number}/kernel")
        for number in range(LAYERS)
    ]
    reports = {
        sharded: optiplug.create("adam", sharded_state=sharded).state_report(variables)
        for sharded in (False, True)
    }

    def value(label: str, replicas: int) -> float:
        sharded, cluster = clusters(replicas)[label]
        return of(reports[sharded].scaled(replicas=replicas, **cluster))

    return [Line(label, [value(label, count) for count in REPLICAS]) for label in clusters(1)]


def drawn(bytes_held: Sequence[Line], times: Sequence[Line]) -> str:
    """Return a picture of both as an SVG element."""
    figure = Figure(figsize=(7.2, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    panels = (
        (left, bytes_held, 1e6, "MB held", "linear"),
        (right, times, 1.0, "seconds a step", "log"),
    )
    for axes, some, unit, label, scale in panels:
        axes.set(xscale="log", yscale=scale, xlabel="replicas", ylabel=label)
        axes.grid(visible=True, color="#e2e8f0", linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
        for line, (colour, marker) in zip(some, STYLES, strict=False):
            # One replica alone moves nothing, which a logarithmic axis cannot show.
            shown = [
                (count, value / unit) for count, value in zip(REPLICAS, line.values, strict=True) if value
            ]
            axes.plot(*zip(*shown, strict=True), color=colour, marker=marker, markersize=4, label=line.label)
    left.set_ylim(bottom=0)
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=8)
    return svg(figure, "Bytes held and seconds a step against the number of replicas")

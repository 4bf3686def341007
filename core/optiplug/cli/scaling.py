"""What a step of a config holds and moves on many devices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

from optiplug._config.base import NamedConfig

from .output import print_text
from .treatments import outermost

if TYPE_CHECKING:  # its module imports TensorFlow
    from optiplug._state.scale_report import ScaleReport

__all__ = ["cluster_of", "print_scales", "scales"]


def cluster_of(
    replicas: int | None, strategy: str | None, servers: int | None, sharded: bool, rows: Sequence[str]
) -> dict[str, Any] | None:
    """Return the options of a cluster as `scales` takes them; None if none was given."""
    if replicas is None:
        if strategy or servers or sharded or rows:
            raise typer.BadParameter("is needed to calculate what is moved", param_hint="--replicas")
        return None
    strategy = strategy or "multi_worker"
    given = 1 if strategy == "parameter_server" else 0
    return {
        "strategy": strategy,
        "replicas": replicas,
        "servers": given if servers is None else servers,
        "sharded": sharded,
        "rows": dict(map(_count, rows)),
    }


def scales(config: NamedConfig, variables: Sequence[Any], cluster: Mapping[str, Any]) -> list[ScaleReport]:
    """Return the report of each of the outermost optimizers in a config, on a cluster.

    If that is to be `sharded`, it is as if each had `sharded_state`.
    """
    if not variables:
        raise typer.BadParameter("needs variables, those of a task: --task NAME", param_hint="--replicas")
    numbers = dict(cluster)
    asked = {"sharded_state": True} if numbers.pop("sharded") else {}
    optimizers = [each.model_copy(update=asked).create() for each in outermost(config)]
    return [each.state_report(variables).scaled(**numbers) for each in optimizers]


def print_scales(found: Sequence[ScaleReport]) -> None:
    """Print the tables of each report."""
    for each in found:
        title, _, rest = str(each).partition("\n")
        print_text(f"\n{title}", "bold")
        print_text(rest)


def _count(text: str) -> tuple[str, int]:
    path, _, count = text.rpartition("=")
    if not path or not count.isdecimal():
        raise typer.BadParameter(f"must be PATH=N, and is {text!r}", param_hint="--rows")
    return path, int(count)

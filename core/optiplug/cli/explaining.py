"""`optiplug explain`: what a config file means, with the origin of everything."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from optiplug._config.inside import configs
from optiplug.locking import Lock, under

from .loading import load, read_config
from .notes import notes
from .origins import DEFAULT, Value, in_file, values
from .output import FORMAT, dotted, muted_stderr, print_json, print_table, print_text
from .scaling import print_scales, scales
from .stages import chains, entry_of, print_steps
from .treatments import print_treatments, task_of, treatments, treatments_as_json, variables_of

__all__ = ["explain_file"]

_VALUES = ("path", "value", "origin")


def explain_file(
    file: str,
    format: str,
    *,
    task: str | None,
    cluster: Mapping[str, Any] | None,
    lock: Lock | None,
    every: bool,
    as_json: bool,
) -> None:
    """Print every value with its origin, every stage with its processors in their order, and every variable.

    With a cluster, also what a step holds and moves there. All implementations are imported for this, and the
    task is built, so that what is missing is found.
    """
    document = read_config(file, format)
    config = load(document, lock)
    chosen = under(lock, lambda: task_of(config, task))
    with muted_stderr():  # TensorFlow has much to say while it loads
        for _, each in configs(config):
            each.load_implementation()
        steps = chains(config, document)
        variables = [] if chosen is None else variables_of(chosen)
        treated = treatments(config, variables, document) if variables else []
        scaled = [] if cluster is None else scales(config, variables, cluster)
    found, remarks = values(config, document), notes(config, document)
    if as_json:
        print_json(
            {
                "format": FORMAT,
                "file": file,
                "plugin": asdict(entry_of(config)),
                "values": [{**asdict(each), "path": dotted(each.path)} for each in found],
                "optimizers": [each.as_json() for each in steps],
                "variables": treatments_as_json(treated),
                **({"scale": [each.as_json() for each in scaled]} if scaled else {}),
                "notes": remarks,
            }
        )
        return
    _print_values(document.source, f"{config.kind.removesuffix('s')} {entry_of(config)}", found, every)
    for remark in remarks:
        print_text(f"\n{remark}")
    print_text("")
    print_steps(steps, document.source)
    if chosen is not None:
        print_text("")
        print_treatments(f"variables of {entry_of(chosen)}", treated)
    print_scales(scaled)


def _print_values(source: str, plugin: str, found: Sequence[Value], every: bool) -> None:
    """Print what the document says, then defaults or how many there are."""
    said = [each for each in found if each.origin != DEFAULT]
    defaults = [each for each in found if each.origin == DEFAULT]
    shown = [*said, *(defaults if every else ())]
    rows = [(dotted(each.path), json.dumps(each.value), in_file(each.origin, source)) for each in shown]
    print_table(f"{source}: {plugin}", _VALUES, rows)
    if defaults and not every:
        print_text(f"and {len(defaults)} defaults: --all shows them", "dim")

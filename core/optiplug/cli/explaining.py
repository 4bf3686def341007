"""`optiplug explain`: what a config file means, with the origin of everything."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from optiplug import registry
from optiplug._config.base import NamedConfig
from optiplug._config.keyword_processors import keyword_processors
from optiplug._config.kinds import OptimizerConfig
from optiplug._hookspecs import STAGES, hook_names
from optiplug.document import Document, read
from optiplug.registry import Entry

from .loading import Path, load, optimizers
from .origins import origin, values
from .output import FORMAT, dotted, muted_stderr, print_json, print_table, print_text

__all__ = ["explain_file"]

_VALUES = {"path": False, "value": True, "origin": False}
_STAGES = {"stage": False, "processor": False, "distribution": False, "origin": False}


@dataclass(frozen=True)
class _Row:
    """One processor in one stage, and the place in the document that lists it."""

    stage: str
    processor: str
    distribution: str
    version: str
    origin: str


@dataclass(frozen=True)
class _Chain:
    """The stages of one optimizer."""

    path: Path
    optimizer: Entry
    parts: list[_Row]


def explain_file(file: str, as_json: bool) -> None:
    """Print every value with its origin, and every stage with its processors in their order.

    The stages of a processor are those of its implementation, which is imported for this.
    """
    document = read(file)
    config = load(document)
    found = values(config, document)
    chains = [
        _Chain(path, _entry(optimizer), list(_rows(optimizer, path, document)))
        for path, optimizer in optimizers(config)
    ]
    if as_json:
        described = [{**asdict(each), "path": dotted(each.path)} for each in found]
        stages = [{**asdict(chain), "path": dotted(chain.path)} for chain in chains]
        plugin = asdict(_entry(config))
        print_json(
            {"format": FORMAT, "file": file, "plugin": plugin, "values": described, "optimizers": stages}
        )
        return
    rows = [(dotted(each.path), json.dumps(each.value), each.origin) for each in found]
    print_table(f"{file}: {config.kind.removesuffix('s')} {_entry(config)}", _VALUES, rows)
    for chain in chains:
        _print_chain(chain)


def _entry(config: NamedConfig) -> Entry:
    return registry.find(config.kind, registry.reference_of(type(config)))


def _rows(optimizer: OptimizerConfig, path: Path, document: Document) -> Iterator[_Row]:
    """Yield a row for each processor and stage: by stage, then in the order of the config."""
    chain = []
    for index, processor in enumerate(optimizer.processors):
        chain.append((processor, origin((*path, "processors", index), document)))
    # Listed processors come before those of keywords within a stage, as in the step.
    for keyword, processor in keyword_processors(optimizer):
        chain.append((processor, f"{keyword} at {origin((*path, keyword), document)}"))
    with muted_stderr():  # TensorFlow has much to say while it loads
        marked = [hook_names(processor.load_implementation()) for processor, _ in chain]
    for stage in STAGES:
        for (processor, where), names in zip(chain, marked, strict=True):
            if stage in names:
                entry = _entry(processor)
                yield _Row(stage, processor.name or entry.name, entry.distribution, entry.version, where)


def _print_chain(chain: _Chain) -> None:
    rows: list[tuple[str, ...]] = []
    for stage in STAGES:
        parts = [part for part in chain.parts if part.stage == stage]
        names = [stage] + [""] * len(parts)
        rows += [
            (name, part.processor, f"{part.distribution} {part.version}", part.origin)
            for name, part in zip(names, parts, strict=False)
        ] or [(stage, "-", "", "")]
    where = f" at {dotted(chain.path)}" if chain.path else ""
    print_text("")
    print_table(f"stages of {chain.optimizer}{where}", _STAGES, rows)

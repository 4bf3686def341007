"""The stages of the optimizers in a config, with their processors in the order of a step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from optiplug import registry
from optiplug._config.base import NamedConfig
from optiplug._config.inside import Path
from optiplug._config.keyword_processors import keyword_processors
from optiplug._config.kinds import OptimizerConfig
from optiplug._config.section import Section
from optiplug._hookspecs import STAGES, hook_names
from optiplug.document import Document
from optiplug.registry import Entry

from .loading import is_inside, optimizers
from .origins import DEFAULT, in_file, origin
from .output import dotted, print_table

__all__ = ["Chain", "chains", "entry_of", "print_steps"]

_COLUMNS = ("stage", "processor", "origin")


@dataclass(frozen=True)
class Part:
    """One processor in one stage, and the place in the document that lists it."""

    stage: str
    processor: str
    distribution: str
    version: str
    origin: str


@dataclass(frozen=True)
class Chain:
    """The stages of one optimizer; `label` is what the names of its state begin with."""

    path: Path
    label: str
    optimizer: Entry
    parts: Sequence[Part]

    def as_json(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        return {**asdict(self), "path": dotted(self.path)}


def entry_of(config: NamedConfig) -> Entry:
    """Return the plugin of a config."""
    return registry.find(config.kind, registry.reference_of(type(config)))


def chains(config: NamedConfig, document: Document) -> list[Chain]:
    """Return the stages of each optimizer in a config, the outer ones first.

    The stages of a processor are those of its implementation, which is imported for this.
    """
    found: list[Chain] = []
    for path, optimizer in optimizers(config):
        around = next((each for each in reversed(found) if is_inside(path, each.path)), None)
        label = "" if around is None else f"{around.label}/{_own_label(config, path)}".lstrip("/")
        found.append(Chain(path, label, entry_of(optimizer), list(_parts(optimizer, path, document))))
    return found


def print_steps(found: Sequence[Chain], source: str) -> None:
    """Print the stages of the outermost optimizers, with those inside of them; `source` is the file."""
    for chain in found:
        if not any(is_inside(chain.path, each.path) for each in found):
            _print_step(chain, [each for each in found if is_inside(each.path, chain.path)], source)


def _own_label(config: NamedConfig, path: Path) -> str:
    """Return the name of the group that an optimizer belongs to, else that of the field that holds it."""
    around: Any = config
    for key in path[:-1]:
        around = getattr(around, key) if isinstance(key, str) else around[key]
    named = isinstance(around, Section) and not isinstance(around, NamedConfig)
    return str((named and getattr(around, "name", None)) or path[-1])


def _parts(optimizer: OptimizerConfig, path: Path, document: Document) -> Iterator[Part]:
    """Yield a part for each processor and stage: by stage, then in the order of the config."""
    listed = []
    for index, processor in enumerate(optimizer.processors):
        listed.append((processor, origin((*path, "processors", index), document)))
    # Listed processors come before those of keywords within a stage, as in the step.
    for keyword, processor in keyword_processors(optimizer):
        listed.append((processor, _of_keyword(keyword, path, document)))
    for stage in STAGES:
        for processor, where in listed:
            if stage in hook_names(processor.load_implementation()):
                entry = entry_of(processor)
                yield Part(stage, processor.name or entry.name, entry.distribution, entry.version, where)
        if stage == "decay" and optimizer.own_weight_decay and optimizer.weight_decay not in (None, 0):
            entry = entry_of(optimizer)
            where = _of_keyword("weight_decay", path, document)
            yield Part(stage, entry.name, entry.distribution, entry.version, where)


def _of_keyword(keyword: str, path: Path, document: Document) -> str:
    where = origin((*path, keyword), document)
    return f"{keyword} by default" if where == DEFAULT else f"{keyword} at {where}"


def _print_step(outer: Chain, inside: Sequence[Chain], source: str) -> None:
    rows: list[tuple[str, ...]] = []
    for stage in STAGES:
        parts = [(chain, part) for chain in (outer, *inside) for part in chain.parts if part.stage == stage]
        names = [stage] + [""] * len(parts)
        rows += [
            (
                name,
                f"{chain.label}/{part.processor}".lstrip("/"),
                f"{in_file(part.origin, source)}, {part.distribution} {part.version}",
            )
            for name, (chain, part) in zip(names, parts, strict=False)
        ] or [(stage, "-", "")]
    where = f" at {dotted(outer.path)}" if outer.path else ""
    print_table(f"stages of {outer.optimizer}{where}", _COLUMNS, rows)

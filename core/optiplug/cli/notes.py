"""What is valid in a config, and may yet not be meant."""

from __future__ import annotations

from collections.abc import Iterator

from optiplug import registry
from optiplug._config.base import NamedConfig, config_of
from optiplug._config.inside import Path
from optiplug._config.kinds import OptimizerConfig, ProcessorConfig, Selection
from optiplug.document import Document
from optiplug.errors import sentence

from .loading import is_inside, optimizers
from .origins import DEFAULT, origin
from .output import dotted

__all__ = ["notes"]


def notes(config: NamedConfig, document: Document) -> list[str]:
    """Return a sentence for each optimizer in a config whose weight decays add up."""
    found, every = [], list(optimizers(config))
    for path, optimizer in every:
        own = [*_keyword(optimizer, path, document), *_listed(optimizer, path, document)]
        around = [
            decay
            for outer, each in every
            if is_inside(path, outer)
            for decay in _listed(each, outer, document)
        ]
        decays = [*own, *around]
        # Where all of them select variables, it may well be different ones.
        if own and len(decays) > 1 and not all(selects for _, selects in decays):
            told = " and ".join(text for text, _ in decays)
            rule, hint = f"weight decay adds up: {told}", "`weight_decay: 0` leaves those that are listed"
            where = document.position(path)
            where = f"{where}: {dotted(path)}" if path else where
            found.append(sentence(rule, where=where, hint=hint))
    return found


def _keyword(optimizer: OptimizerConfig, path: Path, document: Document) -> Iterator[tuple[str, bool]]:
    if optimizer.weight_decay not in (None, 0):
        where = origin((*path, "weight_decay"), document)
        by_itself = f"by default {optimizer.weight_decay}"
        yield f"`weight_decay` ({by_itself if where == DEFAULT else where})", False


def _listed(optimizer: OptimizerConfig, path: Path, document: Document) -> Iterator[tuple[str, bool]]:
    """Yield each weight decay that is listed, and whether it selects variables."""
    for index, processor in enumerate(optimizer.processors):
        config = config_of(processor)
        if isinstance(config, ProcessorConfig) and config.decays:
            selects = any(getattr(config, name) for name in Selection.model_fields)
            name = registry.reference_of(type(config))
            yield f"`{name}` ({origin((*path, 'processors', index), document)})", selects

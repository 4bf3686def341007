"""Weight decays that add up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from optiplug import registry
from optiplug.errors import Problem, UnknownPluginError

from .kinds import OptimizerConfig, ProcessorConfig

__all__ = ["stacked_decays"]

Path = tuple[str | int, ...]


def stacked_decays(optimizers: Iterable[tuple[Path, OptimizerConfig]]) -> Iterator[str]:
    """Yield a sentence for each optimizer whose variables may get more than one weight decay.

    `optimizers` are a config and those inside of it, outer ones first, each with its path. To add up is
    allowed: a processor may be meant to come on top. Nobody sees it in a default, so it is said.

    >>> config = registry.get("optimizers", "adamw")(processors=[{"use": "weight_decay", "rate": 0.1}])
    >>> next(stacked_decays([((), config)])).partition(". Hint")[0]
    'weight decays add up: weight_decay (0.004 by default) and processors[0] (weight_decay)'
    """
    listed: dict[Path, list[str]] = {}
    for path, config in optimizers:
        # Listed processors see the variables of optimizers inside, a keyword those of its own.
        around = [each for outer, found in listed.items() if path[: len(outer)] == outer for each in found]
        listed[path] = [
            f"{_dotted((*path, 'processors', index))} ({_name(each)})"
            for index, each in enumerate(config.processors)
            if isinstance(each, ProcessorConfig) and each.decays
        ]
        own = [*_keyword(path, config), *listed[path]]
        if own and len(around) + len(own) > 1:
            yield str(
                Problem(
                    path,
                    f"weight decays add up: {' and '.join([*around, *own])}",
                    hint="set `weight_decay: 0` if only one is meant",
                )
            )


def _keyword(path: Path, config: OptimizerConfig) -> Iterator[str]:
    # A schedule is never 0.
    if config.weight_decay not in (None, 0):
        default = "" if "weight_decay" in config.model_fields_set else f" ({config.weight_decay} by default)"
        yield f"{_dotted((*path, 'weight_decay'))}{default}"


def _dotted(path: Path) -> str:
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path).lstrip(".")


def _name(config: ProcessorConfig) -> str:
    try:
        return config.name or registry.reference_of(type(config))
    except UnknownPluginError:
        return type(config).__name__

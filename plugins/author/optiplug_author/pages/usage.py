"""What a user writes to have a plugin, in YAML."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from optiplug import NamedConfig, OptimizerConfig, ProcessorConfig

__all__ = ["document", "written"]

_COMMON = {*OptimizerConfig.model_fields, *ProcessorConfig.model_fields}
_WIDEST = 60  # columns of what stands on one line
_PLACES: Mapping[str, Callable[[Any], Any]] = {
    "optimizers": lambda plugin: plugin,
    "processors": lambda plugin: {"use": "adamw", "processors": [plugin]},
    "schedules": lambda plugin: {"use": "sgd", "learning_rate": plugin},
    "tasks": lambda plugin: {
        "command": "train",
        "task": plugin,
        "optimizer": {"use": "adamw", "learning_rate": 0.001},
        "steps": 500,
        "batch_size": 64,
    },
}


def document(config: NamedConfig) -> dict[str, Any] | None:
    """Return a whole document that selects a config by what it must say, or else by its first number.

    None for a command, which is not selected in a document of another kind.
    """
    place = _PLACES.get(config.kind)
    if place is None:
        return None
    dumped = config.dump()
    kept: dict[str, Any] = {"use": dumped["use"], **config.example}
    if len(kept) == 1:
        own = [name for name in dumped if name not in _COMMON or name == "learning_rate"]
        numbers = [
            name for name in sorted(own, key="learning_rate".__ne__) if type(dumped[name]) in (int, float)
        ]
        kept |= {name: dumped[name] for name in numbers[:1]}
    return dict(place(kept))


def written(data: Any) -> str:
    """Return data as YAML as people write it: short mappings and lists on one line, all others below.

    >>> print(written({"use": "sgd", "clips": [{"use": "clip", "max_norm": 1.0}]}))
    use: sgd
    clips:
      - {use: clip, max_norm: 1.0}
    """
    yaml, text = YAML(), io.StringIO()
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.width = 80
    yaml.dump(_styled(data, top=True), text)
    return text.getvalue().rstrip()


def _styled(value: Any, *, top: bool = False) -> Any:
    if isinstance(value, Mapping):
        styled: Any = CommentedMap({key: _styled(each) for key, each in value.items()})
    elif isinstance(value, list | tuple):
        styled = CommentedSeq(map(_styled, value))
    else:
        return value
    plain = not any(isinstance(each, dict) for each in (value if isinstance(value, list | tuple) else ()))
    if not top and plain and len(str(value)) <= _WIDEST:
        styled.fa.set_flow_style()
    return styled

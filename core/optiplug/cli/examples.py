"""A config file for each plugin, as a user may write it."""

from __future__ import annotations

import io
from typing import Any, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.nodes import ScalarNode, SequenceNode
from ruamel.yaml.representer import RoundTripRepresenter

from optiplug.registry import Entry

from .cards import reference

__all__ = ["example"]

Values: TypeAlias = dict[str, Any]


def example(entry: Entry, values: Values) -> str:
    """Return a config file, in YAML, that uses a plugin with these hyperparameters."""
    word = "command" if entry.kind == "commands" else "use"
    return _yaml(_around(entry.kind, {word: reference(entry), **values}))


def _around(kind: str, mapping: Values) -> Values:
    """Return the document around the mapping of a plugin."""
    if kind == "processors":
        return {"use": "adamw", "processors": [mapping]}
    if kind == "schedules":
        return {"use": "adamw", "learning_rate": mapping}
    if kind == "tasks":
        return {"command": "train", "task": mapping, "optimizer": {"use": "adamw"}, "steps": 1000}
    return mapping


class _Representer(RoundTripRepresenter):
    def represent_float(self, data: float) -> ScalarNode:
        """Return a number with a point, without which readers of YAML 1.1 take `1e-07` for a text."""
        text = repr(data)
        if "e" in text and "." not in text:
            text = text.replace("e", ".0e")
        return self.represent_scalar("tag:yaml.org,2002:float", text)


_Representer.add_representer(float, _Representer.represent_float)


def _represent_list(representer: RoundTripRepresenter, data: list[object]) -> SequenceNode:
    flow = not any(isinstance(item, dict | list) for item in data)
    return representer.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=flow)


_Representer.add_representer(list, _represent_list)


def _yaml(document: Values) -> str:
    yaml = YAML()
    yaml.Representer = _Representer
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.width = 78
    stream = io.StringIO()
    yaml.dump(document, stream)
    return stream.getvalue().rstrip()

"""Writes a converted config as YAML, with a comment at everything that differs."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from textwrap import wrap
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.representer import RoundTripRepresenter
from ruamel.yaml.scalarstring import SingleQuotedScalarString

from .conversion import Conversion
from .draft import Path

__all__ = ["as_yaml"]

_WIDTH = 88


class _Representer(RoundTripRepresenter):
    def represent_float(self, data: float) -> ScalarNode:
        # Readers of YAML 1.1 take 1e-07 for a text.
        mantissa, e, exponent = repr(data).partition("e")
        text = f"{mantissa}{'' if '.' in mantissa else '.0'}{e}{exponent}"
        return self.represent_scalar("tag:yaml.org,2002:float", text)


_Representer.add_representer(float, _Representer.represent_float)


def as_yaml(conversion: Conversion) -> str:
    """Return a config as YAML that `optiplug` reads, with its comments.

    Examples
    --------
    >>> from optiplug_convert import as_yaml, convert
    >>> print(as_yaml(convert({"optimizer": "SGD", "lr": 0.1, "weight_decay": 0.01})), end="")
    # Converted from torch by optiplug convert.
    use: sgd
    learning_rate: 0.1
    processors:
    - use: l2
      strength: 0.01
    """
    yaml = YAML()
    yaml.Representer = _Representer
    yaml.width = _WIDTH
    # ruamel folds long texts, which a comment is not.
    root = _commented(conversion.fields, (), conversion.notes, 0)
    told = [f"Converted from {conversion.source} by optiplug convert."]
    told += conversion.notes.get((), ())
    told += [f"Left out: {problem}" for problem in conversion.left_out]
    root.yaml_set_start_comment("\n".join(line for text in told for line in _lines(text, 0)))
    stream = io.StringIO()
    yaml.dump(root, stream)
    return stream.getvalue()


def _commented(value: Any, path: Path, notes: Mapping[Path, Sequence[str]], indent: int) -> Any:
    """Return a value as ruamel writes it with comments before the keys and items that have some."""
    if isinstance(value, Mapping):
        written: Any = CommentedMap()
        for key, item in value.items():
            inner = indent + (0 if isinstance(item, list | tuple) else 2)
            written[key] = _commented(item, (*path, key), notes, inner)
    elif isinstance(value, list | tuple):
        written = CommentedSeq(
            _commented(item, (*path, at), notes, indent + 2) for at, item in enumerate(value)
        )
        if not any(isinstance(item, Mapping | list) for item in value):
            written.fa.set_flow_style()
    else:
        # Readers of YAML 1.1 take a `?` in a list for a key.
        return SingleQuotedScalarString(value) if str(value)[:1] == "?" else value
    for key in value if isinstance(value, Mapping) else range(len(value)):
        text = "\n".join(line for note in notes.get((*path, key), ()) for line in _lines(note, indent))
        if text:
            written.yaml_set_comment_before_after_key(key, before=text, indent=indent)
    return written


def _lines(text: str, indent: int) -> list[str]:
    """Return a comment in lines; what a file says must not steer a terminal."""
    shown = "".join(each if each.isprintable() or each == " " else ascii(each)[1:-1] for each in text)
    return wrap(f"{shown[:1].upper()}{shown[1:]}", _WIDTH - indent - 2)

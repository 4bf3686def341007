"""Which variable of a saved model is which of the present one.

Neither names nor places tell by themselves: Keras numbers the names of layers on in one process, and layers
are frozen, unfrozen and put in another order. The values of the weights do, once they are loaded.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np

from optiplug._types import Array
from optiplug.errors import StateError

__all__ = ["Identity", "Pairs", "is_count", "match_variables"]

Pairs: TypeAlias = Mapping[str, str]
"""The path of a saved variable by the path of the present one."""


# Elements of a value that tell it from others; those of a large one are picked evenly.
_ELEMENTS = 1 << 16


@dataclass(frozen=True)
class Identity:
    """What tells one variable of a model from the others: its path, its place, its shape and its value.

    `place` is its position among the variables that are trained, in the order of the model, None if it is
    frozen or the order is not known. `value` is a digest, empty if the value is not known.

    Examples
    --------
    >>> import numpy as np, optiplug
    >>> identity = optiplug.Identity.of(np.zeros([2, 3], "float32"), "dense/kernel", place=0)
    >>> identity.shape, optiplug.Identity.from_saved("dense/kernel", identity.dump()) == identity
    ((2, 3), True)
    """

    path: str
    place: int | None
    shape: tuple[int, ...]
    value: str

    @classmethod
    def of(cls, value: Array, path: str, place: int | None = None) -> Identity:
        """Return the identity of a variable that has this value."""
        elements = np.reshape(value, -1)[:: max(1, value.size // _ELEMENTS)]
        text = np.ascontiguousarray(elements).tobytes()
        return cls(path, place, tuple(value.shape), hashlib.blake2b(text, digest_size=8).hexdigest())

    @classmethod
    def from_saved(cls, path: str, saved: Mapping[str, Any]) -> Identity:
        """Return the identity that a file tells of: what `dump` returned.

        Raises
        ------
        StateError
            If it is anything else.
        """
        match saved:
            case {"place": place, "shape": [*shape], "value": str(value), **more} if not more:
                if all(map(is_count, shape)) and (place is None or is_count(place)):
                    return cls(path, place, tuple(shape), value)
        rule = "what tells a variable from others must be its place, its shape and a digest"
        raise StateError(rule, where=path, received=saved)

    def dump(self) -> dict[str, Any]:
        """Return it as JSON has it, without the path."""
        return {"place": self.place, "shape": self.shape, "value": self.value}

    def frozen_at(self, path: str) -> Identity:
        """Return the identity of the same variable while it is frozen, under another path."""
        return replace(self, path=path, place=None)


def match_variables(
    saved: Sequence[Identity], present: Sequence[Identity], where: str, *, loaded: bool = False
) -> tuple[Pairs, bool]:
    """Return which saved variable each of the present ones is, and whether the weights confirm it.

    Values decide, then names and places, which must not differ; names and places are not asked if the
    values of the weights are known to be `loaded`. Those that nothing was saved of are left out.

    Raises
    ------
    StateError
        If nothing tells, with the variables in doubt.

    Examples
    --------
    >>> import numpy as np, optiplug
    >>> saved = [optiplug.Identity.of(np.float32([each]), f"layer_{each}") for each in (0, 1)]
    >>> now = [optiplug.Identity.of(np.float32([each]), f"layer_{each + 1}") for each in (0, 1)]
    >>> optiplug.match_variables(saved, now, "example")
    ({'layer_1': 'layer_0', 'layer_2': 'layer_1'}, True)
    """
    before = {each.path: each.value for each in saved}
    now = {each.path: each.value for each in present}
    ways = [_by_path(saved, present), _by_place(saved, present), _by_value(saved, present)]
    confirmed = [way for way in ways if all(now[path] == before[was] != "" for path, was in way.items())]
    if any(confirmed) or loaded:
        pairs = max(confirmed, key=len)
        rest = {before[was] for was in before.keys() - set(pairs.values())}
        in_doubt = [path for path in now if path not in pairs and now[path] in rest]
        if in_doubt:
            raise _in_doubt(saved, present, where, in_doubt)
        return pairs, True
    # The weights come later, or in another dtype: what names and places tell must not differ.
    by_name, by_place = _by_path(saved, present, numbered=False), ways[1]
    in_doubt = [path for path, was in by_place.items() if by_name.get(path, was) != was]
    if saved and present and (in_doubt or not (by_name or by_place)):
        raise _in_doubt(saved, present, where, in_doubt)
    return by_place or by_name, False


def is_count(value: object) -> bool:
    """Whether what a file tells is a number of something, or a place.

    >>> is_count(3), is_count(-1), is_count(True), is_count(2**63)
    (True, False, False, False)
    """
    return type(value) is int and 0 <= value < 2**63


def _by_path(
    saved: Iterable[Identity], present: Iterable[Identity], *, numbered: bool = True
) -> dict[str, str]:
    """Pair those of one path; the number of a name tells only which of several it is if `numbered`."""
    name = _path if numbered else _unnumbered
    before, now = _grouped(saved, name), _grouped(present, name)
    pairs = [(now[each], before[each]) for each in now if each in before]
    return {here[0]: there[0] for here, there in pairs if len(here) == len(there) == 1}


def _by_place(saved: Sequence[Identity], present: Sequence[Identity]) -> dict[str, str]:
    """Pair the variables that are trained in their order, if they have the same shapes."""
    before, now = _trained(saved), _trained(present)
    if [each.shape for each in before] != [each.shape for each in now]:
        return {}
    pairs = {each.path: was.path for each, was in zip(now, before, strict=True)}
    rest = {each.path for each in saved} - set(pairs.values())
    return pairs | {each.path: each.path for each in present if each.place is None and each.path in rest}


def _trained(identities: Iterable[Identity]) -> list[Identity]:
    return sorted((each for each in identities if each.place is not None), key=lambda each: each.place or 0)


def _by_value(saved: Sequence[Identity], present: Sequence[Identity]) -> dict[str, str]:
    """Pair the variables that have one value, those of equal values by the layers that others tell of."""
    before, now = _grouped(saved, _value), _grouped(present, _value)
    groups = [(now[value], before[value]) for value in now if value and value in before]
    pairs = {here[0]: there[0] for here, there in groups if len(here) == len(there) == 1}
    layers = {_layer(path): _layer(was) for path, was in pairs.items()}
    for here, there in groups:
        for path in here:
            layer = layers.get(_layer(path), _layer(path))
            was = "/".join(filter(None, [layer, path.rpartition("/")[2]]))
            if was in there:
                pairs[path] = was
    return pairs


def _grouped(identities: Iterable[Identity], key: Callable[[Identity], str]) -> dict[str, list[str]]:
    """Return the paths that have each key."""
    groups = defaultdict(list)
    for each in identities:
        groups[key(each)].append(each.path)
    return groups


def _path(identity: Identity) -> str:
    return identity.path


def _value(identity: Identity) -> str:
    return identity.value


def _unnumbered(identity: Identity) -> str:
    """Return the path without the numbers that Keras gives to the names of layers."""
    return re.sub(r"_\d+(?=/|$)", "", identity.path)


def _layer(path: str) -> str:
    return path.rpartition("/")[0]


def _in_doubt(
    saved: Sequence[Identity], present: Sequence[Identity], where: str, paths: Sequence[str]
) -> StateError:
    before = {each.path: str(each.shape) for each in saved}
    now = {each.path: str(each.shape) for each in present}
    rows = [(path, before.get(path, "-"), now.get(path, "-")) for path in dict.fromkeys([*now, *before])]
    return StateError(
        "nothing tells which variable of the model the saved state is of; nothing was changed",
        where=where,
        received=list(paths) or None,
        hint="load into a model whose layers have the same names, of which the same are frozen",
        differences=[row for row in rows if row[0] in paths or row[1] != row[2]] or rows,
    )

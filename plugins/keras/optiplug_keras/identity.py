"""Which variable of a saved model is which of the present one.

Neither names nor places tell by themselves: Keras numbers the names of layers on in one process, and layers
are frozen, unfrozen and put in another order. The values of the weights do, once Keras has loaded them.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np

import optiplug
from optiplug import Variable

__all__ = ["Identity", "ModelVariables", "Pairs", "paired"]

Pairs: TypeAlias = Mapping[str, str]
"""The path of a saved variable by the path of the present one."""


@dataclass(frozen=True)
class Identity:
    """What tells one variable of a model from the others.

    `place` is its position among the variables that are trained, in the order of the model, None if it is
    frozen; `value` a digest of its value.
    """

    path: str
    place: int | None
    shape: tuple[int, ...]
    value: str

    @classmethod
    def of(cls, variable: Variable, path: str, place: int | None) -> Identity:
        """Return the identity that a variable has now."""
        value = np.ascontiguousarray(variable.numpy())
        digest = hashlib.blake2b(value.tobytes(), digest_size=8).hexdigest()
        return cls(path, place, tuple(value.shape), digest)

    @classmethod
    def from_saved(cls, path: str, saved: Mapping[str, Any]) -> Identity:
        """Return the identity that a file tells of."""
        return cls(path, saved["place"], tuple(saved["shape"]), saved["value"])

    def dump(self) -> dict[str, Any]:
        """Return it as JSON has it, without the path."""
        return {"place": self.place, "shape": self.shape, "value": self.value}

    def frozen_at(self, path: str) -> Identity:
        """Return the identity of the same variable while it is frozen, under another path."""
        return replace(self, path=path, place=None)


class ModelVariables:
    """The variables of the model that an optimizer has met, by path, and those that are trained, in order."""

    def __init__(self) -> None:
        self.known: dict[str, Variable] = {}
        self.trained: list[str] = []
        self._last: list[int] = []

    def are(self, variables: Sequence[Variable]) -> bool:
        """Whether these are the variables that were trained last."""
        before, self._last = self._last, list(map(id, variables))
        return before == self._last

    def meet(self, trained: Mapping[str, Variable]) -> dict[str, Variable]:
        """Take the variables that are trained now, in the order of the model, and return the late ones."""
        late = {path: each for path, each in trained.items() if path not in self.known}
        self.known |= late
        self.trained = list(trained)
        return late

    def identities(self, paths: Iterable[str]) -> list[Identity]:
        """Return the identities that some of them have now."""
        places = {path: place for place, path in enumerate(self.trained)}
        return [Identity.of(self.known[path], path, places.get(path)) for path in paths]


def paired(saved: Sequence[Identity], present: Sequence[Identity], where: str) -> tuple[Pairs, bool]:
    """Return which saved variable each of the present ones is, and whether the weights confirm it.

    Those that nothing was saved of are left out.

    Raises
    ------
    StateError
        If nothing tells, with the variables in doubt.
    """
    before = {each.path: each.value for each in saved}
    now = {each.path: each.value for each in present}
    ways = [_by_path(saved, present), _by_place(saved, present), _by_value(saved, present)]
    confirmed = [way for way in ways if all(now[path] == before[was] for path, was in way.items())]
    if any(confirmed):
        return max(confirmed, key=len), True
    # The weights come later, or in another dtype: what names and places tell must not differ.
    by_name, by_place = _by_path(saved, present, numbered=False), ways[1]
    in_doubt = [path for path, was in by_place.items() if by_name.get(path, was) != was]
    if saved and present and (in_doubt or not (by_name or by_place)):
        raise _in_doubt(saved, present, where, in_doubt)
    return by_place or by_name, False


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
    groups = [(now[value], before[value]) for value in now.keys() & before.keys()]
    pairs = {here[0]: there[0] for here, there in groups if len(here) == len(there) == 1}
    layers = {_layer(path): _layer(was) for path, was in pairs.items()}
    for here, there in groups:
        for path in here:
            was = f"{layers.get(_layer(path), _layer(path))}/{path.rpartition('/')[2]}"
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
) -> optiplug.StateError:
    before = {each.path: str(each.shape) for each in saved}
    now = {each.path: str(each.shape) for each in present}
    rows = [(path, before.get(path, "-"), now.get(path, "-")) for path in dict.fromkeys([*now, *before])]
    return optiplug.StateError(
        "nothing tells which variable of the model the saved state is of; nothing was changed",
        where=where,
        received=list(paths) or None,
        hint="load into a model whose layers have the same names, of which the same are frozen",
        differences=[row for row in rows if row[0] in paths or row[1] != row[2]] or rows,
    )

"""The state of an optimizer in a file of Keras, with what tells the variables apart that it is of."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self, TypeAlias

import numpy as np
import numpy.typing as npt

import optiplug
from optiplug import Identity

__all__ = ["Homes", "SavedState"]

Homes: TypeAlias = Mapping[str, tuple[str, str]]
"""The slot and the path of the variable of each state, by its name; state of no variable has none."""

_VARIABLES = "@variables"


@dataclass(frozen=True)
class SavedState:
    """Arrays by the name of their state, whose state they are, and the identities of those variables."""

    values: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)
    homes: Homes = field(default_factory=dict)
    identities: Sequence[Identity] = ()

    def dump(self) -> dict[str, npt.NDArray[Any]]:
        """Return it as arrays by key."""
        variables = {each.path: each.dump() for each in self.identities}
        text = json.dumps({"homes": dict(self.homes), "variables": variables})
        return {**self.values, _VARIABLES: np.frombuffer(text.encode(), np.uint8)}

    @classmethod
    def read(cls, arrays: Mapping[str, npt.NDArray[Any]], present: Homes, where: str) -> Self:
        """Read what `dump` returned, or what earlier versions saved, for an optimizer with this state.

        Raises
        ------
        StateError
            If it is damaged.
        """
        values = {key: value for key, value in arrays.items() if key != _VARIABLES}
        if _VARIABLES not in arrays:
            return cls(_by_place(values, present))
        try:
            told = json.loads(arrays[_VARIABLES].astype(np.uint8).tobytes())
            identities = [Identity.from_saved(*each) for each in told["variables"].items()]
            homes = {name: (slot, path) for name, (slot, path) in told["homes"].items()}
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise _damaged(where, error) from None
        # It decides which state is whose, so nothing in it may be left to chance.
        wrong = [
            name
            for name, (slot, path) in homes.items()
            if name != f"{slot}/{path}" or name not in values or path not in told["variables"]
        ]
        wrong += [name for name in values if name in present and name not in homes]
        if wrong:
            raise _damaged(where, wrong)
        return cls(values, homes, identities)

    def renamed(self, pairs: Mapping[str, str]) -> dict[str, npt.NDArray[Any]]:
        """Return the arrays under the names that their state has here: what is shared, and that of pairs."""
        paths = {was: path for path, was in pairs.items()}
        return {
            self._name(name, paths): value
            for name, value in self.values.items()
            if name not in self.homes or self.homes[name][1] in paths
        }

    def _name(self, name: str, paths: Mapping[str, str]) -> str:
        if name not in self.homes:
            return name
        slot, path = self.homes[name]
        return f"{slot}/{paths[path]}"

    def without(self, paths: Collection[str]) -> SavedState:
        """Return the state of all other variables; what is shared is left out."""
        identities = [each for each in self.identities if each.path not in paths]
        kept = {each.path for each in identities}
        homes = {name: home for name, home in self.homes.items() if home[1] in kept}
        return SavedState({name: self.values[name] for name in homes}, homes, identities)

    def joined(self, frozen: SavedState) -> SavedState:
        """Return it together with the state of variables that are frozen, whose paths may be taken."""
        taken = {each.path for each in self.identities}
        paths = {each.path: _free(each.path, taken) for each in frozen.identities}
        moved = {frozen._name(name, paths): name for name in frozen.homes}
        return SavedState(
            {**self.values, **{name: frozen.values[was] for name, was in moved.items()}},
            {
                **self.homes,
                **{name: (frozen.homes[was][0], paths[frozen.homes[was][1]]) for name, was in moved.items()},
            },
            [*self.identities, *(each.frozen_at(paths[each.path]) for each in frozen.identities)],
        )


def _damaged(where: str, received: object) -> optiplug.StateError:
    return optiplug.StateError(
        "what tells the variables apart is damaged; nothing was changed", where=where, received=received
    )


def _free(path: str, taken: Collection[str]) -> str:
    return _free(f"{path}'", taken) if path in taken else path


def _by_place(values: Mapping[str, npt.NDArray[Any]], present: Homes) -> dict[str, npt.NDArray[Any]]:
    """Rename what earlier versions saved: with the number of the variable in place of its path."""
    paths = list(dict.fromkeys(path for _, path in present.values()))
    names = {f"{slot}/{paths.index(path)}": name for name, (slot, path) in present.items()}
    return {names.get(key, key): value for key, value in values.items()}

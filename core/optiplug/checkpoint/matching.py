"""Which saved value is that of which object, found in the graphs of objects of both."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from optiplug._state.manifest import shown
from optiplug._tf_private import SavedGraph

from .manifest import Spec

__all__ = ["Match", "matched"]


@dataclass(frozen=True)
class Match:
    """Two graphs of objects, laid over each other from their roots.

    Attributes
    ----------
    numbers
        The number of each present object in the saved graph.
    keys
        The saved key of each present value.
    left, missing
        The saved keys, and the present ones, that have no counterpart.
    """

    numbers: Mapping[int, int]
    keys: Mapping[str, str]
    left: tuple[str, ...]
    missing: tuple[str, ...]

    def differences(
        self, saved: Mapping[str, Spec], present: Mapping[str, Spec]
    ) -> list[tuple[str, str, str]]:
        """Return (key, saved, present) for each value that is not in both alike."""
        rows = [
            (now, shown(saved.get(then)), shown(present.get(now)))
            for now, then in self.keys.items()
            if saved.get(then) != present.get(now)
        ]
        rows += [(key, shown(None), shown(present.get(key))) for key in self.missing]
        return rows + [(key, shown(saved.get(key)), shown(None)) for key in self.left]


def matched(
    saved: SavedGraph, present: SavedGraph, leave: Mapping[int, Collection[str]], skip: Collection[int] = ()
) -> Match:
    """Lay a saved graph over a present one.

    `leave` has names of children that are left out of both, by the number of a present object. Present
    objects in `skip` have no counterpart and are not missed.
    """
    numbers, out_saved, out_present = {0: 0}, set[int](), set[int](skip)
    waiting = [(0, 0)]
    while waiting:
        now, then = waiting.pop(0)
        here, there = present.children(now), saved.children(then)
        out_saved |= {there[name] for name in leave.get(now, ()) if name in there}
        out_present |= {here[name] for name in leave.get(now, ()) if name in here}
        found = [(here[name], there[name]) for name in here.keys() & there.keys()]
        for each, counterpart in sorted(found):
            if each not in numbers and each not in out_present:
                numbers[each] = counterpart
                waiting.append((each, counterpart))
    # Last, when the variables that they are of are known; nothing is below them.
    for now, then in list(numbers.items()):
        slots = saved.slots(then)
        for (of, name), slot in present.slots(now).items():
            if (numbers.get(of, -1), name) in slots:
                numbers[slot] = slots[numbers[of], name]
    return _match(saved, present, numbers, saved.below(out_saved), present.below(out_present))


def _match(
    saved: SavedGraph,
    present: SavedGraph,
    numbers: Mapping[int, int],
    out_saved: Collection[int],
    out_present: Collection[int],
) -> Match:
    keys, missing, used = {}, [], set()
    for now in range(len(present)):
        there = saved.values(numbers[now]) if now in numbers else {}
        for name, key in present.values(now).items():
            if name in there:
                keys[key] = there[name]
                used.add(there[name])
            elif now not in out_present:
                missing.append(key)
    left = [
        key
        for then in range(len(saved))
        if then not in out_saved
        for key in saved.values(then).values()
        if key not in used
    ]
    return Match(numbers, keys, tuple(left), tuple(missing))

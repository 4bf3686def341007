"""A drawing of what stands on what: rooms on their floors, and an arrow from each to those it imports.

An arrow that passes a floor has a place of its own there, as a room has, so that it runs between the rooms.
Places are found by trying orders and keeping the one with the fewest crossings and the shortest arrows.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from html import escape
from itertools import combinations, pairwise
from statistics import fmean

__all__ = ["anchor", "drawn"]

WIDTH, LEFT, STOREY = 880.0, 30.0, 66.0
HEIGHT, LETTER, GAP = 26.0, 7.3, 14.0
TRIALS, SWEEPS = 60, 12
STYLE = (
    'role="img" aria-label="The rooms of the core on their floors"'
    ' font-family="monospace" font-size="12" fill="none" stroke="currentColor"'
)
HEAD = (
    '<marker id="rooms-arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7"'
    ' orient="auto"><path d="M0,0.5 L8,4 L0,7.5 z" fill="currentColor" stroke="none"/></marker>'
)


@dataclass(eq=False)
class Place:
    """What takes room on a floor: a room, or an arrow on its way down."""

    floor: int
    name: str = ""
    x: float = 0.0
    above: list[Place] = field(default_factory=list)
    below: list[Place] = field(default_factory=list)

    @property
    def half(self) -> float:
        """Half of its width."""
        return (len(self.name) * LETTER + 16) / 2 if self.name else 0.0

    @property
    def y(self) -> float:
        """The height of its middle, counted from the ground."""
        return self.floor * STOREY


def anchor(name: str) -> str:
    """Return the target of the description of a room."""
    return "room-" + name.replace("_", "private-", 1).replace("_", "-") if name[0] == "_" else f"room-{name}"


def drawn(floors: Mapping[str, int], arrows: Mapping[str, AbstractSet[str]], shaded: AbstractSet[str]) -> str:
    """Return the drawing as an SVG element."""
    rows = arranged(floors, arrows)
    top = (len(rows) - 1) * STOREY + HEIGHT
    size = f'viewBox="0 0 {WIDTH:g} {top + HEIGHT:g}" style="max-width: 100%; height: auto"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {STYLE}>',
        f"<defs>{HEAD}</defs>",
        *storeys(len(rows), top),
        *(path(place, below, top) for row in rows for place in row if place.name for below in place.below),
        *(box(place, top, place.name in shaded) for row in rows for place in row if place.name),
        "</svg>",
    ]
    return "\n".join(parts)


def storeys(number: int, top: float) -> Iterator[str]:
    """Yield the number of each floor, and a line for it."""
    for floor in range(number):
        y = top - floor * STOREY
        yield f'<path d="M{LEFT:g},{y:g} H{WIDTH:g}" stroke-opacity="0.12"/>'
        yield (
            f'<text x="4" y="{y + 4:g}" fill="currentColor" fill-opacity="0.6" stroke="none">{floor}</text>'
        )


def box(place: Place, top: float, shaded: bool) -> str:
    """Return a room."""
    x, y = place.x - place.half, top - place.y - HEIGHT / 2
    colour = ("#f59e0b", 0.3) if shaded else ("currentColor", 0.06)
    shape = f'x="{x:.1f}" y="{y:g}" width="{2 * place.half:.1f}" height="{HEIGHT:g}" rx="5"'
    name = escape(place.name)
    return (
        f'<a href="#{anchor(name)}"><rect {shape} fill="var(--color-background-primary, white)"/>'
        f'<rect {shape} fill="{colour[0]}" fill-opacity="{colour[1]}" stroke-opacity="0.6"/>'
        f'<text x="{place.x:.1f}" y="{y + 17:g}" text-anchor="middle" fill="currentColor" stroke="none">'
        f"{name}</text></a>"
    )


def path(start: Place, below: Place, top: float) -> str:
    """Return an arrow from a room down to the one that it leads to."""
    points = [f"M{start.x:.1f},{top - start.y + HEIGHT / 2:g}"]
    while True:
        x, y = below.x, top - below.y - HEIGHT / 2
        over = top - start.y + HEIGHT / 2
        middle = (over + y) / 2
        points.append(f"C{start.x:.1f},{middle:g} {x:.1f},{middle:g} {x:.1f},{y:g}")
        if below.name:
            return f'<path d="{" ".join(points)}" stroke-opacity="0.55" marker-end="url(#rooms-arrow)"/>'
        points.append(f"V{y + HEIGHT:g}")
        start, (below,) = below, below.below


def arranged(floors: Mapping[str, int], arrows: Mapping[str, AbstractSet[str]]) -> list[list[Place]]:
    """Return the places of each floor, from left to right, from the ground up."""
    rows = placed(floors, arrows)
    chance, best = random.Random(0), (float("inf"), 0.0)  # noqa: S311  # for a picture
    found: list[list[Place]] = []
    xs: list[float] = []
    for _ in range(TRIALS):
        for row in rows:
            chance.shuffle(row)
            spread(row, [WIDTH / 2] * len(row))
        for sweep in range(SWEEPS):
            swept(rows, order=sweep < SWEEPS - 4)
        cost = (crossings(rows), length(rows))
        if cost < best:
            best, found = cost, [list(row) for row in rows]
            xs = [place.x for row in found for place in row]
    for place, x in zip((place for row in found for place in row), xs, strict=True):
        place.x = x
    return found


def placed(floors: Mapping[str, int], arrows: Mapping[str, AbstractSet[str]]) -> list[list[Place]]:
    """Return the places of each floor in any order, joined to those above and below."""
    rows: list[list[Place]] = [[] for _ in range(max(floors.values()) + 1)]
    rooms = {name: Place(floor, name) for name, floor in sorted(floors.items())}
    for place in rooms.values():
        rows[place.floor].append(place)
    for name in sorted(arrows):
        for target in sorted(arrows[name]):
            upper = rooms[name]
            for floor in range(floors[name] - 1, floors[target], -1):
                rows[floor].append(Place(floor))
                join(upper, rows[floor][-1])
                upper = rows[floor][-1]
            join(upper, rooms[target])
    return rows


def join(upper: Place, lower: Place) -> None:
    """Lead an arrow from one place to another on the floor below."""
    upper.below.append(lower)
    lower.above.append(upper)


def swept(rows: Sequence[list[Place]], order: bool) -> None:
    """Move every place to the middle of what it is joined to, going up and coming down."""
    for row in (*rows, *reversed(rows)):
        wanted = {place: middle(place) for place in row}
        if order:
            row.sort(key=wanted.__getitem__)
        spread(row, [wanted[place] for place in row])


def middle(place: Place) -> float:
    """Return the mean place of what a place is joined to; an arrow is to go straight down."""
    joined = [*place.above, *place.below] or [place]
    return fmean([each.x for each in joined], [stiffness(place, each) for each in joined])


def stiffness(one: Place, other: Place) -> int:
    """Return how much it matters that a piece of an arrow is straight: most where it passes a floor."""
    return (1, 2, 8)[(not one.name) + (not other.name)]


def spread(row: Sequence[Place], wanted: Sequence[float]) -> None:
    """Place a row as near as can be to where it is wanted, in its order and without overlap.

    That is a regression by a monotone function: places that would overlap become a block, which stands
    at the mean of what its members want.
    """
    offsets = [0.0]
    for left, right in pairwise(row):
        offsets.append(offsets[-1] + left.half + right.half + GAP)
    blocks: list[list[float]] = []
    for x, offset in zip(wanted, offsets, strict=True):
        blocks.append([x - offset])
        while len(blocks) > 1 and fmean(blocks[-2]) > fmean(blocks[-1]):
            blocks[-2:] = [blocks[-2] + blocks[-1]]
    if not row:
        return
    lowest, highest = LEFT + row[0].half, WIDTH - 2 - row[-1].half - offsets[-1]
    starts = [min(max(fmean(block), lowest), highest) for block in blocks for _ in block]
    for place, start, offset in zip(row, starts, offsets, strict=True):
        place.x = start + offset


def crossings(rows: Sequence[Sequence[Place]]) -> int:
    """Count the arrows that cross."""
    total = 0
    for row in rows:
        ends = [(place.x, below.x) for place in row for below in place.below]
        total += sum((a[0] - b[0]) * (a[1] - b[1]) < 0 for a, b in combinations(ends, 2))
    return total


def length(rows: Sequence[Sequence[Place]]) -> float:
    """Return how far all arrows lead to the side."""
    pieces = [(place, below) for row in rows for place in row for below in place.below]
    return sum(stiffness(place, below) * (place.x - below.x) ** 2 for place, below in pieces)

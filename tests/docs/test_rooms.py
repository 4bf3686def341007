"""The picture of the rooms shows the core as its files import each other."""

from __future__ import annotations

import itertools
import re
from copy import deepcopy
from graphlib import CycleError
from xml.etree import ElementTree as ET  # our own drawing

import pytest

from support.extensions import rooms
from support.project_paths import ROOT

CORE = ROOT / "core" / "optiplug"
NAMES = {
    path.stem for path in CORE.iterdir() if path.stem[:2] != "__" and (path.is_dir() or path.suffix == ".py")
}


@pytest.fixture(scope="module")
def house():
    return rooms.collapsed(rooms.house())


@pytest.fixture(scope="module")
def drawing(house):
    arrows = rooms.reduced(house)
    return ET.fromstring(rooms.drawn(rooms.floors(house), arrows, rooms.running(rooms.house())))  # noqa: S314


def elements(drawing, tag):
    return drawing.iter(f"{{http://www.w3.org/2000/svg}}{tag}")


def test_every_room_is_drawn_and_described(house, drawing):
    described = {each.name: each for each in rooms.described(house)}

    assert NAMES == set(house) == set(described)
    assert set(house) < {each.text for each in elements(drawing, "text")}
    assert [name for name, each in described.items() if not each.purpose] == []


def test_every_file_is_named(house):
    named = {f"{each.name}/{file}" for each in rooms.described(house) for file in each.files}

    assert named == {
        f"{path.parent.name}/{path.stem}" for path in CORE.glob("*/*.py") if path.stem[:2] != "__"
    }


def test_rooms_stand_on_lower_floors(house):
    floors = rooms.floors(house)

    assert [(room, below) for room in house for below in house[room] if floors[below] >= floors[room]] == []


def test_an_import_upwards_is_a_circle():
    graph = deepcopy(rooms.house())
    graph.add_import(importer="optiplug.errors", imported="optiplug._optimizer.optimizer")

    with pytest.raises(CycleError):
        rooms.floors(rooms.collapsed(graph))


def test_arrows_that_follow_from_others_are_left_out(house):
    arrows = rooms.reduced(house)

    assert rooms.reachable(arrows) == rooms.reachable(house)
    assert rooms.reduced({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == {"a": {"b"}, "b": {"c"}, "c": set()}


def test_what_can_be_said_needs_no_tensorflow():
    running = rooms.running(rooms.house())

    assert {"_config", "_registry", "cli", "document", "errors"}.isdisjoint(running)
    assert {"numerics", "_optimizer", "_creation"} <= running


def test_boxes_are_in_the_picture_and_apart(drawing):
    width = float(drawing.get("viewBox").split()[2])
    boxes = sorted(
        {tuple(float(each.get(key)) for key in ("y", "x", "width")) for each in elements(drawing, "rect")}
    )

    assert all(x >= 0 and x + wide <= width for _, x, wide in boxes)
    assert all(
        y != other or x + wide < right for (y, x, wide), (other, right, _) in itertools.pairwise(boxes)
    )


def test_boxes_lead_to_descriptions(drawing):
    targets = set(re.findall(r"^\((.*)\)=$", "\n".join(rooms.lines()), re.MULTILINE))

    assert {each.get("href") for each in elements(drawing, "a")} == {f"#{target}" for target in targets}

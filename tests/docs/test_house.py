"""The figures of `docs/design/the-house.md` can be counted again."""

from __future__ import annotations

import importlib.util
import re
import sys

import pytest

from support.project_paths import ROOT

PAGE = ROOT / "docs" / "design" / "the-house.md"
CODE = """
from __future__ import annotations
from .packing import Pack

class Late:
    size: int  # set by another

    def join(self, pack: Pack, other: Any, *, name: str) -> Any: ...

@dataclass
class Plan:
    size: int
"""


@pytest.fixture(scope="module")
def counting():
    spec = importlib.util.spec_from_file_location("house", ROOT / "benchmarks" / "house.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look there
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def small(counting, tmp_path):
    folder = tmp_path / "core" / "optiplug"
    folder.mkdir(parents=True)
    (folder / "late.py").write_text(CODE)
    (folder / "_own.py").write_text("import tensorflow\n")
    (folder / "_state").mkdir()
    (folder / "_state" / "table.py").write_text("raise StateError('it does not fit')\n")
    (tmp_path / "pyproject.toml").write_text(
        'a.b = [["optiplug_sgd"], ["optiplug_adam"]]\nc = ["optiplug_sgd"]\n'
    )
    return counting.House(tmp_path)


def test_every_point_has_a_row(counting):
    rows = re.findall(r"`python -m benchmarks\.house ([\w-]+)` \|$", PAGE.read_text(), re.MULTILINE)

    assert rows == list(counting.POINTS)


@pytest.mark.parametrize(
    ("point", "figure"),
    [
        ("public", "1"),
        ("packing", "1 of 3"),
        ("packs", "1 of 3"),
        ("restoring", "1 in _state"),
        ("stubs", "1"),
        ("untyped", "33 %"),
        ("comments", "71.4"),
        ("lists", "2"),
    ],
)
def test_points_count_what_they_say(counting, small, point, figure):
    assert counting.POINTS[point](small) == figure

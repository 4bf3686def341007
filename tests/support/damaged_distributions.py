"""Ways in which the metadata of an installed distribution comes to be damaged, and what is said of each."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

POINTS = "entry_points.txt"
LONG = 1_100_000


@dataclass(frozen=True)
class Damage:
    """What is done to a metadata folder, and how that is told; `offered` says whether its plugins stay."""

    do: Callable[[Path], object]
    what: str
    reason: str
    offered: bool = False


def _metadata(change: Callable[[str], str]) -> Callable[[Path], object]:
    def do(folder: Path) -> None:
        path = folder / "METADATA"
        path.write_text(change(path.read_text()))

    return do


def _without(header: str) -> Callable[[Path], object]:
    return _metadata(lambda text: "".join(f"{x}\n" for x in text.splitlines() if not x.startswith(header)))


def _with(header: str, value: str) -> Callable[[Path], object]:
    return _metadata(lambda text: text.replace(f"\n{header}: ", f"\n{header}: {value}", 1))


def _points(change: Callable[[bytes], bytes]) -> Callable[[Path], object]:
    def do(folder: Path) -> None:
        path = folder / POINTS
        path.write_bytes(change(path.read_bytes()))

    return do


def _replaced(name: str, make: Callable[[Path], object]) -> Callable[[Path], object]:
    def do(folder: Path) -> None:
        (folder / name).unlink()
        make(folder / name)

    return do


def _loop(path: Path) -> None:
    path.symlink_to(path)


def _left_over(folder: Path) -> None:
    shutil.copytree(folder, folder.with_name(f"~{folder.name[1:]}"))


def _beside(folder: Path) -> None:
    other = folder.with_name(folder.name.replace("-1.", "-0.", 1))
    shutil.copytree(folder, other)
    text = (other / "METADATA").read_text()
    (other / "METADATA").write_text(text.replace("Version: 1.", "Version: 0."))


UNREADABLE = "unreadable"
DAMAGES = {
    "no-metadata": Damage(lambda folder: (folder / "METADATA").unlink(), UNREADABLE, "METADATA is missing"),
    "empty-metadata": Damage(_metadata(lambda _: ""), UNREADABLE, "METADATA has no Name"),
    "no-name": Damage(_without("Name"), UNREADABLE, "METADATA has no Name"),
    "no-version": Damage(_without("Version"), UNREADABLE, "METADATA has no Version"),
    "bad-name": Damage(_with("Name", "\x1b[2J"), UNREADABLE, "METADATA has a Name that can be none"),
    "long-version": Damage(_with("Version", "1" * 5000), UNREADABLE, "a Version that can be none"),
    "metadata-folder": Damage(_replaced("METADATA", Path.mkdir), UNREADABLE, "METADATA cannot be read"),
    "metadata-pipe": Damage(_replaced("METADATA", os.mkfifo), UNREADABLE, "METADATA cannot be read"),
    "metadata-loop": Damage(_replaced("METADATA", _loop), UNREADABLE, "METADATA cannot be read"),
    "endless-headers": Damage(
        _metadata(lambda text: text.rstrip() + "X: y\n" * (LONG // 4)), UNREADABLE, "headers of"
    ),
    "points-folder": Damage(_replaced(POINTS, Path.mkdir), UNREADABLE, f"{POINTS} cannot be read"),
    "points-pipe": Damage(_replaced(POINTS, os.mkfifo), UNREADABLE, f"{POINTS} cannot be read"),
    "points-loop": Damage(_replaced(POINTS, _loop), UNREADABLE, f"{POINTS} cannot be read"),
    "points-huge": Damage(_points(lambda text: text + b"#" * LONG), UNREADABLE, f"{POINTS} has more than"),
    "no-sign": Damage(_points(lambda text: text + b"no sign\n"), "malformed", "has no `=`", offered=True),
    "no-section": Damage(
        _points(lambda text: b"a = b\n" + text), "malformed", "is in no section", offered=True
    ),
    "no-value": Damage(_points(lambda text: text + b"a =\n"), "malformed", "has no value", offered=True),
    "bad-bytes": Damage(
        _points(lambda text: text + b"\xff = b\n"), "malformed", "is not UTF-8", offered=True
    ),
    "long-line": Damage(
        _points(lambda text: text + b"a = " + b"b" * 1001), "malformed", "more than", offered=True
    ),
    "other-group": Damage(
        _points(lambda text: text + b"[optiplug.optimizer]\na = b:C\n"),
        "unknown-group",
        "no such kind",
        offered=True,
    ),
    "left-over": Damage(_left_over, "left-over", "interrupted pip", offered=True),
    "beside": Damage(_beside, "duplicate", "in the same folder", offered=True),
}
"""By a name for each."""

"""Nothing in the project knows the machine on which it was written, or where packages came from."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from support.project_paths import ROOT

FOREIGN = re.compile(
    r"""
    (?<![\w.})])/(home|root|Users|tmp|work|opt|mnt)/\w      # an absolute path of one machine
    | \b(index|find|trusted)[-](url|links|host)\b           # where packages come from
    | ^-[ef]\s | \s@\sfile:                                 # pins of one machine
    """,
    re.VERBOSE | re.MULTILINE,
)


WORD = "index"  # the whole option would be what no file may hold


def project_files():
    """Return what is, or would be, committed; but not this file, which states the pattern."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    paths = [ROOT / name for name in listed.stdout.splitlines()]
    return [path for path in paths if path.is_file() and path != Path(__file__)]


def test_no_foreign_paths():
    matches = [(path, FOREIGN.search(path.read_text(errors="ignore"))) for path in project_files()]

    assert [f"{path.relative_to(ROOT)}: {match.group()}" for path, match in matches if match] == []


@pytest.mark.parametrize("text", ["see /home/ann/x", f"--{WORD}-url x", "-e core\n", "a @ file:///b"])
def test_pattern_matches(text):
    assert FOREIGN.search(text)


@pytest.mark.parametrize("text", ["https://host/home/x", "a/tmp/b", "$(BIN)/opt/x"])
def test_pattern_leaves_alone(text):
    assert not FOREIGN.search(text)

"""A Document finds the place of a problem."""

from __future__ import annotations

import pytest

from optiplug.document import read
from optiplug.errors import ConfigError


def test_read_takes_strings_and_paths_and_any_case_of_the_suffix(tmp_path):
    for name in ["a.YML", "b.yaml"]:
        path = tmp_path / name
        path.write_bytes(b"\xef\xbb\xbfuse: sgd")
        assert read(path).data == read(str(path)).data == {"use": "sgd"}
        assert read(path).source == str(path)


@pytest.mark.parametrize(
    ("name", "reason"),
    [("no.yaml", "No such file"), ("nul\0.yaml", "null byte"), ("x" * 300 + ".yaml", "too long")],
)
def test_read_says_why_a_file_cannot_be_read(tmp_path, name, reason):
    with pytest.raises(ConfigError, match=f"the file cannot be read: .*{reason}"):
        read(tmp_path / name)


def test_read_stops_at_the_limit(tmp_path):
    path = tmp_path / "sparse.yaml"
    with path.open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(ConfigError, match="at most 524,288 bytes"):
        read(path)

"""What a checkpoint says of itself is read as if anybody could have written it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from optiplug.checkpoint import manifest as manifests
from optiplug.checkpoint.manifest import Manifest, differences, plain
from optiplug.errors import CorruptCheckpointError, NewerCheckpointError
from support.saved_steps import KNOWN


def changed(**values):
    """Return the text of a manifest with other content and the right checksum."""
    content = json.loads(KNOWN.dump())
    del content["sha256"]
    return manifests._dumped({key: each for key, each in {**content, **values}.items() if each is not ...})


def test_a_manifest_is_read_as_it_was_written():
    assert Manifest.parse(KNOWN.dump(), "here") == KNOWN
    assert json.loads(KNOWN.dump())["format"] == manifests.FORMAT


def test_every_flipped_bit_is_found():
    text = KNOWN.dump()
    for position in range(len(text)):
        for bit in range(8):
            flipped = bytearray(text)
            flipped[position] ^= 1 << bit
            with pytest.raises(CorruptCheckpointError):
                Manifest.parse(bytes(flipped), "here")


@pytest.mark.parametrize("end", [0, 1, 100, -1])
def test_a_truncated_manifest_is_found(end):
    with pytest.raises(CorruptCheckpointError):
        Manifest.parse(KNOWN.dump()[:end], "here")


@pytest.mark.parametrize(
    "wrong",
    [
        {"step": -1},
        {"step": True},
        {"step": "6"},
        {"step": 6.7},
        {"step": 2**70},
        {"step": ...},
        {"format": "1"},
        {"format": 0},
        {"format": True},
        {"run": 1},
        {"identity": []},
        {"metadata": None},
        {"tables": {}},
        {"tables": {"values": {"x": ["float32"]}}},
        {"tables": {"values": {"x": ["float32", [-1]]}}},
        {"tables": {"values": {"x": [1, []]}}},
        {"tables": {"values": [], "other": {}}},
        {"state_versions": {"optimizer": {"": "1"}}},
        {"files": {}},
        {"files": {"../values.index": {"sha256": "0" * 64, "bytes": 1}}},
        {"files": {"values.index": {"sha256": "0" * 63, "bytes": 1}}},
        {"files": {"values.index": {"sha256": "0" * 64, "bytes": -1}}},
        {"files": {"values.index": {"sha256": "0" * 64, "bytes": 1, "more": 1}}},
        {"more": 1},
    ],
    ids=repr,
)
def test_a_malformed_manifest_is_refused(wrong):
    assert Manifest.parse(changed(), "here") == KNOWN
    with pytest.raises(CorruptCheckpointError, match="malformed"):
        Manifest.parse(changed(**wrong), "here")


@pytest.mark.parametrize(
    "text",
    [b"", b"{", b"[]", b"null", b"\xff", b"[" * 100_000, b'{"a":' * 9000 + b"1" + b"}" * 9000, b"1" * 5000],
    ids=["empty", "open", "list", "null", "no text", "deep list", "deep", "long"],
)
def test_what_is_no_manifest_is_refused(text):
    with pytest.raises(CorruptCheckpointError, match="here"):
        Manifest.parse(text, "here")


def test_a_later_format_is_told():
    with pytest.raises(NewerCheckpointError, match="format 2, newer than 1"):
        Manifest.parse(changed(format=2, more="unknown"), "here")


def test_a_text_with_spaces_is_another_one():
    with pytest.raises(CorruptCheckpointError):
        Manifest.parse(json.dumps(json.loads(KNOWN.dump())).encode(), "here")


@pytest.mark.parametrize(
    "value",
    [{1: 2}, {"a": {1}}, float("nan"), float("inf"), b"x", [object()]],
    ids=["number as key", "set", "NaN", "infinity", "bytes", "object"],
)
def test_what_json_would_change_is_refused(value):
    with pytest.raises(TypeError):
        plain(value)


def test_plain_values_stay():
    assert plain({"a": (1, 2.5, None, True, "x")}) == {"a": [1, 2.5, None, True, "x"]}
    deep = {}
    for _ in range(100):
        deep = {"x": deep}
    with pytest.raises(TypeError, match="deeper"):
        plain(deep)


def test_differences_are_named():
    other = replace(
        KNOWN,
        step=700,
        run="another",
        identity={"config": {"rate": 1, "name": "é"}, "data": None},
        tables={"values": {"x": ("float16", (2, 3))}},
    )

    assert differences(KNOWN, KNOWN) == []
    assert differences(KNOWN, other) == [
        ("identity.config.rate", "0.1", "1"),
        ("step", "600", "700"),
        ("table.x", "float32 (2, 3)", "float16 (2, 3)"),
        ("table.y", "string ()", "-"),
    ]


def test_a_table_of_several_processes_names_their_files():
    part = {"x": ("int64", ())}
    several = replace(KNOWN, tables={"values-00000-of-00002": part, "values-00001-of-00002": part})

    assert set(several.table) == {"values-00000-of-00002: x", "values-00001-of-00002: x"}
    assert KNOWN.table == KNOWN.tables["values"]

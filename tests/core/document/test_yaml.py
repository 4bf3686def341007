"""What each format makes of a text: values, and the position of every value and key."""

from __future__ import annotations

import pytest

from optiplug.document import parse
from optiplug.errors import ConfigError


def data(text, format="yaml"):
    return parse(text, format).data


def places(text, format):
    """Return {dotted path: (key position, value position)} of everything in a document."""
    document = parse(text, format)
    return {
        ".".join(map(str, path)): (document.keys.get(path), position)
        for path, position in document.values.items()
    }


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("3e4", 30000.0),
        ("1.", 1.0),
        (".5", 0.5),
        ("-1_000", "-1_000"),
        ("0x1F", 31),
        ("0o17", 15),
        ("017", 17),
        ("+7", 7),
        ("no", "no"),
        ("on", "on"),
        ("True", True),
        ("false", False),
        ("~", None),
        ("Null", None),
        ("''", ""),
        ("'1'", "1"),
        ("'null'", "null"),
        ("1:30", "1:30"),
        ("2001-01-01", "2001-01-01"),
        ("e5", "e5"),
        ("1.2.3", "1.2.3"),
        ("[]", []),
        ("{}", {}),
        ("|\n  a\n  b\n", "a\nb\n"),
        (">-\n  a\n  b\n", "a b"),
    ],
)
def test_yaml_scalars_follow_the_core_schema_of_1_2(text, value):
    found = data(f"key: {text}")["key"]
    assert (found, type(found)) == (value, type(value))


def test_a_quoted_merge_key_is_a_key_like_any_other():
    assert data("'<<': 1") == {"<<": 1}
    assert data("a: <<") == {"a": "<<"}


def test_the_directive_of_yaml_1_2_is_allowed():
    assert data("%YAML 1.2\n---\na: no") == {"a": "no"}


def test_a_byte_order_mark_and_windows_line_ends_change_nothing():
    for kind, text in {
        "yaml": "a: 1\r\nb: 2\r\n",
        "json": '{"a": 1,\r\n"b": 2}',
        "toml": "a = 1\r\nb = 2\r\n",
    }.items():
        assert data(text, kind) == {"a": 1, "b": 2}
        assert parse(text, kind, "f").position(("b",), key=True) == "f:2:1"


def test_yaml_positions():
    text = "use: sgd\nrate:\n  use: cosine\n  steps: [1, 20]\nlist:\n  - a\n  - b: 1\n"
    assert places(text, "yaml") == {
        "": (None, (1, 1)),
        "use": ((1, 1), (1, 6)),
        "rate": ((2, 1), (3, 3)),
        "rate.use": ((3, 3), (3, 8)),
        "rate.steps": ((4, 3), (4, 10)),
        "rate.steps.0": (None, (4, 11)),
        "rate.steps.1": (None, (4, 14)),
        "list": ((5, 1), (6, 3)),
        "list.0": (None, (6, 5)),
        "list.1": (None, (7, 5)),
        "list.1.b": ((7, 5), (7, 8)),
    }


def test_json_positions():
    text = '{"a"\n :\t1, "b": [true, {"c": "x\\"]"}],\n\n"d": -1.5e3}'
    assert places(text, "json") == {
        "": (None, (1, 1)),
        "a": ((1, 2), (2, 4)),
        "b": ((2, 7), (2, 12)),
        "b.0": (None, (2, 13)),
        "b.1": (None, (2, 19)),
        "b.1.c": ((2, 20), (2, 25)),
        "d": ((4, 1), (4, 6)),
    }


def test_json_values():
    text = '{"a": [1, -0.5, 1E2, true, null, "\\ud83d\\ude00 \\u0041\\/"], "b": {}}'
    assert data(text, "json") == {"a": [1, -0.5, 100.0, True, None, "\U0001f600 A/"], "b": {}}


TOML = """\
use = "sgd"   # a comment with ] and "
a.b."c d" = 1
text = \"\"\"
one ] = [ line
\"\"\"\"
literal = '''it's # no "comment"'''
list = [ # of several
  1.5,
  "x, y",
  {k = [2], "l" = {m = 3}},
]
[rate]
use = "cosine"
[[processors]]
use = "ema"
[processors.deep]
x = 1
[[processors]]
use = 'l2'
"""


def test_toml_positions():
    found = places(TOML, "toml")
    assert found["use"] == ((1, 1), (1, 7))
    assert found["a"] == found["a.b"] == ((2, 1), (2, 1))
    assert found["a.b.c d"] == ((2, 1), (2, 13))
    assert found["text"] == ((3, 1), (3, 8))
    assert found["literal"] == ((6, 1), (6, 11))
    assert found["list"] == ((7, 1), (7, 8))
    assert found["list.0"] == (None, (8, 3))
    assert found["list.1"] == (None, (9, 3))
    assert found["list.2"] == (None, (10, 3))
    assert found["list.2.k"] == ((10, 4), (10, 8))
    assert found["list.2.k.0"] == (None, (10, 9))
    assert found["list.2.l.m"] == ((10, 20), (10, 24))
    assert found["rate"] == ((12, 1), (12, 1))
    assert found["rate.use"] == ((13, 1), (13, 7))
    assert found["processors"] == ((14, 1), (14, 1))
    assert found["processors.0.use"] == ((15, 1), (15, 7))
    assert found["processors.0.deep.x"] == ((17, 1), (17, 5))
    assert found["processors.1"] == (None, (18, 1))
    assert found["processors.1.use"] == ((19, 1), (19, 7))


def test_toml_values():
    found = data(TOML, "toml")
    assert found["text"] == 'one ] = [ line\n"'
    assert found["list"] == [1.5, "x, y", {"k": [2], "l": {"m": 3}}]
    assert found["processors"] == [{"use": "ema", "deep": {"x": 1}}, {"use": "l2"}]


@pytest.mark.parametrize("format", ["yaml", "json", "toml"])
def test_an_empty_text_is_no_document(format):
    with pytest.raises(ConfigError, match="the file is empty"):
        parse(" \n", format)


def test_an_unknown_format_is_refused():
    with pytest.raises(ConfigError, match="one of yaml, toml, json"):
        parse("a: 1", "ini")

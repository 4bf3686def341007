"""What each format makes of a text: values, and the position of every value and key."""

from __future__ import annotations

import pytest

from optiplug.document import parse


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

"""What JSON makes of a text: values, and the position of each."""

from __future__ import annotations

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

"""What TOML makes of a text: values, and the position of each."""

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

"""Trouble in one line."""

from __future__ import annotations

from optiplug.registry import Trouble


def test_it_says_where_what_and_what_to_do_in_one_line():
    trouble = Trouble("malformed", "fake\n\x1b[2J", "/lib/\u202ex", "line 1 has no `=`", "mend it", names=())
    text = str(trouble)
    assert text == "fake\\n\\x1b[2J (/lib/\\u202ex): line 1 has no `=`. Hint: mend it."
    assert str(Trouble("broken", "a@b", "", "no", "do")) == "a@b: no. Hint: do."


def test_programs_get_its_texts_and_its_severity():
    told = Trouble(
        "copy", "a", "/lib/a", "two of it", "remove one", usable=True, names=(("tasks", "a"),)
    ).as_json()
    assert told.pop("severity") == "warning"
    assert told == {
        "what": "copy",
        "where": "a",
        "path": "/lib/a",
        "reason": "two of it",
        "hint": "remove one",
    }

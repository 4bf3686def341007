"""What is public changes only with news of it: docs/compatibility.md says what may change when."""

from __future__ import annotations

from support.public_api import NOW, RELEASED, changes, news, public_names, read, releases, untold

HINT = "if that is meant, tell it in docs/changes, with the name in code, and run `make api`"


def test_the_public_names_are_those_that_were_written_down():
    written, found = read(NOW), public_names()

    assert len(found) > 400
    assert {name: found.get(name) for name in changes(written, found)} == {}, HINT


def test_every_change_since_the_last_release_is_told():
    before, after = read(RELEASED), read(NOW)

    assert untold(changes(before, after), news(), set(before) - set(after)) == [], HINT


def test_the_last_release_is_that_of_the_changelog():
    version = RELEASED.read_text().partition(";")[0].rpartition(" ")[2]

    assert version == next(iter(releases()), version)


def test_a_change_is_found_and_of_a_new_class_the_name_is_enough():
    before = {"optiplug.create": "(name: str)", "optiplug.Old": " <- class()", "optiplug.Old.run": "(self)"}
    after = {"optiplug.create": "(name)", "optiplug.New": " <- class()", "optiplug.New.run": "(self)"}

    assert changes(before, after) == ["optiplug.New", "optiplug.Old", "optiplug.create"]
    assert changes(after, after) == []
    assert changes(after, {**after, "optiplug.New.stop": "(self)"}) == ["optiplug.New.stop"]


def test_what_is_not_told_is_found():
    names, gone = ["optiplug.New", "optiplug.Old", "optiplug.create"], {"optiplug.Old"}
    told = {
        "1.added.md": "`New` is there, and create, a word like any other.",
        "1.changed.md": "``optiplug.create(name)`` takes all, and `Old` is deprecated.",
    }

    assert untold(names, told, gone) == ["optiplug.Old"]
    assert untold(names, {**told, "2.removed.3.md": "`optiplug.Old`, since `New` is better."}, gone) == []
    assert untold(names, {"1.added.md": "`News`"}, gone) == names

"""What files of metadata say, whatever else is in them."""

from __future__ import annotations

import zipfile

import pytest

from optiplug._registry.metadata import DamagedMetadataError, Point, installed_metadata, lines_of
from support.fake_distributions import fake_distribution


def found(name, *places, monkeypatch):
    """Return the metadata of a distribution in these places on the path."""
    for place in places:
        monkeypatch.syspath_prepend(place)
    return next(each for each in installed_metadata() if each.folder_name == name)


def test_a_wheel_that_is_on_the_path_is_read(tmp_path, monkeypatch):
    folder = fake_distribution(tmp_path / "site", "fake-zipped", "3.0", points={"optimizers": {"a": "m:A"}})
    with zipfile.ZipFile(tmp_path / "fake.zip", "w") as archive:
        for path in folder.rglob("*.dist-info/*"):
            archive.write(path, path.relative_to(folder))
    metadata = found("fake_zipped", tmp_path / "fake.zip", monkeypatch=monkeypatch)
    assert metadata.name_and_version() == ("fake-zipped", "3.0")
    assert "a = m:A" in metadata.entry_points()


def test_eggs_are_read(tmp_path, monkeypatch):
    head = "Metadata-Version: 1.0\nName: fake-egg\nVersion: 0.9\n"
    egg = tmp_path / "egg" / "fake_egg.egg-info"
    egg.mkdir(parents=True)
    (egg / "PKG-INFO").write_text(head)
    (egg / "requires.txt").write_text("numpy>=1\n\n[more]\nscipy\n")
    single = tmp_path / "single"
    single.mkdir()
    (single / "fake_one-0.9.egg-info").write_text(head.replace("egg", "one"))
    assert found("fake_egg", tmp_path / "egg", monkeypatch=monkeypatch).name_and_version() == (
        "fake-egg",
        "0.9",
    )
    assert found("fake_egg", monkeypatch=monkeypatch).requires() == ["numpy>=1", 'scipy; extra == "more"']
    one = found("fake_one", single, monkeypatch=monkeypatch)
    assert one.name_and_version() == ("fake-one", "0.9")
    assert one.entry_points() == ""


def test_another_encoding_and_a_long_description_do_no_harm(tmp_path, monkeypatch):
    folder = fake_distribution(tmp_path, "fake-long")
    path = folder / "fake_long-1.0.dist-info" / "METADATA"
    head = (
        b"Metadata-Version: 2.1\r\nAuthor: Andr\xe9\r\n goes on: here\r\nName: fake-long\r\nVersion: 1.0\r\n"
    )
    path.write_bytes(head + b"\r\nName: another\r\n" * 200_000)
    metadata = found("fake_long", tmp_path, monkeypatch=monkeypatch)
    assert metadata.name_and_version() == ("fake-long", "1.0")
    assert len(metadata.headers()["name"]) == 1


def test_a_file_without_permission_says_so(tmp_path, monkeypatch):
    folder = fake_distribution(tmp_path, "fake-shut") / "fake_shut-1.0.dist-info"

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    metadata = found("fake_shut", folder.parent, monkeypatch=monkeypatch)
    monkeypatch.setattr("optiplug._registry.metadata.opened", refuse)
    with pytest.raises(DamagedMetadataError, match=r"entry_points\.txt cannot be read: Permission denied"):
        metadata.entry_points()


def test_lines_are_those_of_the_specification():
    text = "lost = a\n\n[one]\r\n a=b = c \n; no\n# no\n[ two ]\nx\n= y\nz =\n[one]\nlast = q"
    assert list(lines_of(text)) == [
        (1, "is in no section"),
        (4, Point("one", "a", "b = c")),
        (8, "has no `=`"),
        (9, "has no name"),
        (10, "has no value"),
        (12, Point("one", "last", "q")),
    ]

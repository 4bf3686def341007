"""What differs between two lock files, in words."""

from __future__ import annotations

from optiplug.locking import LockFile, changes

CORE = {"version": "1.0", "sha256": "0" * 64}
SWIFT = {"version": "1.4", "sha256": "1" * 64, "plugins": {"optimizers": ["swift"]}}


def lock(**swift):
    return LockFile(
        format=1, distributions={"optiplug-core": CORE, "calm": CORE, "fake-swift": {**SWIFT, **swift}}
    )


def test_equal_ones_have_none():
    assert list(changes(lock(), lock())) == []
    assert list(changes(lock(), lock(source="https://index.example/a.whl"))) == []


def test_each_difference_is_one():
    assert list(changes(lock(), lock(version="2.0"))) == [("fake-swift", "1.4", "2.0")]
    assert list(changes(lock(), lock(sha256="2" * 64))) == [
        ("files of fake-swift 1.4", "111111111111...", "222222222222...")
    ]
    assert list(changes(lock(), lock(requires=["calm"]))) == [("calm, required by fake-swift", "-", "locked")]
    assert list(changes(lock(), lock(plugins={"optimizers": ["swift", "slow"]}))) == [
        ("optimizer slow of fake-swift", "-", "locked")
    ]


def test_what_comes_and_goes_is_there_or_not():
    small = LockFile(format=1, distributions={"optiplug-core": CORE})
    assert list(changes(small, lock())) == [
        ("calm", "-", "1.0"),
        ("fake-swift", "-", "1.4"),
        ("optimizer swift of fake-swift", "-", "locked"),
    ]
    assert [each[1:] for each in changes(lock(), small)] == [("1.0", "-"), ("1.4", "-"), ("locked", "-")]
    assert list(changes(None, small)) == [("optiplug-core", "-", "1.0")]

"""A lock file is read as what it is: data of a stranger."""

from __future__ import annotations

import os
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optiplug.document import limits
from optiplug.errors import ConfigError, DriftError
from optiplug.locking import LockFile, beside, lock_for, read_lock
from optiplug.registry import KINDS

SUM = "a" * 64
TEXT = f"""\
format = 1

[distributions.fake-swift]
version = "1.4"
sha256 = "{SUM}"
source = "git+https://git.example/swift.git@1f"
requires = ["optiplug-sgd"]

[distributions.fake-swift.plugins]
optimizers = ["swift"]

[distributions.optiplug-core]
version = "0.1.0"
sha256 = "{SUM}"

[distributions.optiplug-sgd]
version = "0.1.0"
sha256 = "{SUM}"
"""
BROKEN = {
    ("format = 1", "format = 2"): "2:10: format: a lock file of form 2 was written by a newer version",
    ("format = 1", "format = 0"): "2:10: format: must be >= 1",
    ("format = 1", "format = true"): "2:10: format: must be a whole number",
    ("format = 1", "form = 1"): "2:1: form: is not a field of LockFile",
    ("format = 1", "format = 1\nformat = 1"): "3:11: this is not TOML",
    ("format = 1", "format = 1\n[run]\nuse = 'os'"): "3:1: run: is not a field of LockFile",
    ("version", "vrsion"): "5:1: distributions.fake-swift.vrsion: is not a field of LockedDistribution",
    (f'sha256 = "{SUM}"\nsource', "source"): "4:1: distributions.fake-swift.sha256: is required",
    (SUM, SUM[1:]): "6:10: distributions.fake-swift.sha256: must match",
    (SUM, SUM.replace("a", "A")): "6:10: distributions.fake-swift.sha256: must match",
    ("1.4", "1.4\\n"): "5:11: distributions.fake-swift.version: must match",
    ("1.4", "../1"): "5:11: distributions.fake-swift.version: must match",
    ("1.4", "1" * 101): "5:11: distributions.fake-swift.version: must have at most 100 characters",
    ('"1.4"', "1.4"): "5:11: distributions.fake-swift.version: must be a text",
    ("git+https://", "file:///"): "7:10: distributions.fake-swift.source: must match",
    ("git+https://git", "https:// git"): "7:10: distributions.fake-swift.source: must match",
    ('"swift"', '"os.system"'): "11:15: distributions.fake-swift.plugins.optimizers[0]: must match",
    ('"swift"', '"ѕwift"'): "11:15: distributions.fake-swift.plugins.optimizers[0]: must match",
    ('"swift"', '"../swift"'): "11:15: distributions.fake-swift.plugins.optimizers[0]: must match",
    ("optimizers =", "optimisers ="): "11:14: distributions.fake-swift.plugins.optimisers: must be one of",
    ("fake-swift", '"fake-ѕwift"'): "4:1: distributions.fake-ѕwift: must match",
    ("fake-swift", '"/etc/passwd"'): "4:1: distributions./etc/passwd: must match",
    ("fake-swift", "Fake_Swift"): "4:1: distributions.Fake_Swift: must match",
    ("optiplug-sgd]", "optiplug-other]"): "8:13: distributions.fake-swift.requires[0]: must be among",
    ("optiplug-core", "optiplug-cor"): "4:1: distributions: must have optiplug-core",
    ("1.4", "1\u202e4"): "5:11: distributions.fake-swift.version: must match",
}


@pytest.fixture
def write(tmp_path):
    def written(text):
        path = tmp_path / "optiplug.lock"
        path.write_bytes(text if isinstance(text, bytes) else f"# A comment.\n{text}".encode())
        return path

    return written


def test_all_that_can_be_in_it(write):
    lock = read_lock(write(TEXT)).file
    swift = lock.distributions["fake-swift"]
    assert (swift.version, swift.sha256, swift.requires) == ("1.4", SUM, ("optiplug-sgd",))
    assert swift.source == "git+https://git.example/swift.git@1f"
    assert lock.offering("optimizers", "swift") == ["fake-swift"]
    assert lock.offering("processors", "swift") == lock.offering("optimizers", "sgd") == []


def test_what_was_written_is_read_again(write):
    lock = read_lock(write(TEXT)).file
    assert read_lock(write(lock.text())).file == lock
    assert read_lock(write(lock.text())).file.text() == lock.text()


def test_the_text_does_not_depend_on_the_order():
    one, other = {"version": "1.0", "sha256": SUM}, {"version": "2.0", "sha256": SUM}
    plugins = {"schedules": ["b", "a"], "optimizers": ["c"]}
    first = LockFile(
        format=1, distributions={"b": one, "optiplug-core": other, "a": {**one, "plugins": plugins}}
    )
    turned = {"optimizers": ["c"], "schedules": ["a", "b"]}
    second = LockFile(
        format=1, distributions={"a": {**one, "plugins": turned}, "optiplug-core": other, "b": one}
    )
    assert first.text() == second.text()
    assert first.text().index('"c"') < first.text().index('"a"') < first.text().index("[distributions.b]")


@pytest.mark.parametrize(("change", "message"), BROKEN.items(), ids=lambda each: str(each[1])[:30])
def test_what_is_not_as_it_must_be_is_refused(write, change, message):
    assert change[0] in TEXT
    path = write(TEXT.replace(*change, 1))
    modules = set(sys.modules)
    with pytest.raises(ConfigError) as caught:
        read_lock(path)
    assert not isinstance(caught.value, DriftError)
    assert any(line.startswith(f"{path}:{message}") for line in str(caught.value).splitlines()), caught.value
    assert set(sys.modules) == modules


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "the file is empty"),
        (b"\xff" + TEXT.encode(), "not UTF-8"),
        ("#" * limits.BYTES, f"at most {limits.BYTES:,} bytes"),
        (TEXT + '"' + "k" * (limits.TEXT + 1) + '" = 1', f"at most {limits.TEXT:,} characters"),
        (TEXT + "x = " + "[" * 40 + "]" * 40, "levels deep"),
    ],
)
def test_what_is_no_document_is_refused(write, content, message):
    with pytest.raises(ConfigError, match=message) as caught:
        read_lock(write(content))
    assert "`optiplug lock FILE` writes it again" in str(caught.value)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("/dev/zero")])
def test_only_a_regular_file_is_read(tmp_path, make):
    make(tmp_path / "optiplug.lock")
    with pytest.raises(ConfigError, match=r"optiplug\.lock: the lock file cannot be read: "):
        read_lock(tmp_path / "optiplug.lock")


@pytest.mark.parametrize("name", ["no\0name", "x" * 5000])
def test_a_name_that_is_none_is_refused(name):
    with pytest.raises(ConfigError, match="the lock file cannot be read"):
        read_lock(name)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_whatever_it_holds_there_is_one_error(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any.lock"
    path.write_bytes(content)
    with pytest.raises(ConfigError):
        read_lock(path)


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from([*KINDS, "plugins", "version"]), inner)
    ),
    max_leaves=6,
)


@given(PLAIN, st.sampled_from(["format", "distributions", "optiplug-core", "plugins", "requires", "sha256"]))
def test_any_value_anywhere_is_taken_or_refused(value, place):
    core = {"version": "1", "sha256": SUM}
    data = {"format": 1, "distributions": {"optiplug-core": core}}
    target = data if place in data else data["distributions"] if place in data["distributions"] else core
    target[place] = value
    try:
        text = LockFile(**data).text()
    except ConfigError:
        text = "refused"
    assert text == "refused" or "[distributions.optiplug-core]" in text


def test_the_lock_file_that_is_asked_for(write, tmp_path):
    path = write(TEXT)
    assert beside(tmp_path / "run.yaml") == str(path)
    assert lock_for(tmp_path / "run.yaml", locked=False, path=None) is None
    assert lock_for(tmp_path / "run.yaml", locked=True, path=None).source == str(path)
    assert lock_for("nowhere/run.yaml", locked=False, path=path).source == str(path)
    with pytest.raises(ConfigError, match=r"nowhere/optiplug\.lock: the lock file cannot be read"):
        lock_for("nowhere/run.yaml", locked=True, path=None)

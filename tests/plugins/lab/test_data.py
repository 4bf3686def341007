from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from optiplug import BrokenPluginError
from optiplug_lab.data import data_identity
from optiplug_lab.task_configs import CharsConfig, DigitsConfig


class Told:
    """A task that tells of its data."""

    def __init__(self, **told):
        self.data = told


class Silent:
    """A task that tells nothing, and has the batch of a number."""

    def __init__(self, first):
        self.first = first

    def batch(self, step, batch_size, seed):
        return (tf.range(batch_size) + self.first + tf.cast(step, tf.int32),)


def identity(task):
    return data_identity(task, batch_size=4, seed=0)


def test_short_texts_and_numbers_are_told_as_they_are():
    assert identity(Told(version="1.2", rows=3, none=None)) == {"none": None, "rows": 3, "version": "1.2"}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (np.zeros(3, np.float32), np.float32([0, 0, 1e-30])),
        (np.zeros(4), np.zeros((2, 2))),
        (np.zeros(4, np.int32), np.zeros(4, np.float32)),
        (np.array(["a", "bc"], object), np.array(["ab", "c"], object)),
        (b"text", b"Text"),
        ("t" * 1000, "t" * 999 + "T"),
    ],
    ids=["values", "shape", "dtype", "texts", "bytes", "long text"],
)
def test_contents_are_told_by_their_sums(one, other):
    told = [identity(Told(it=each))["it"] for each in (one, one, other)]

    assert told[0] == told[1] != told[2]
    assert all("sha256:" in each and len(each) < 100 for each in told)


@pytest.mark.parametrize("values", [[0.5, 1.0], ["a", "bc"]])
def test_tensors_are_told_as_well(values):
    one, other = (identity(Told(it=tf.constant(each)))["it"] for each in (values, values[::-1]))

    assert "sha256:" in one
    assert one != other


def test_the_order_in_memory_is_no_content():
    array = np.arange(6).reshape(2, 3)

    assert identity(Told(it=array)) == identity(Told(it=np.asfortranarray(array)))


def test_of_a_silent_task_the_first_batch_speaks():
    assert list(identity(Silent(0))) == ["first batch[0]"]
    assert identity(Silent(0)) == identity(Silent(0)) != identity(Silent(1))


@pytest.mark.parametrize("told", [["a"], {1: "a"}, {"it": object()}, {"it": {1, 2}}])
def test_what_is_no_data_is_refused(told):
    task = Told()
    task.data = told
    with pytest.raises(BrokenPluginError, match=r"Told\.data"):
        identity(task)


def test_a_text_is_known_by_its_content(tmp_path):
    one, other = tmp_path / "one.txt", tmp_path / "other.txt"
    one.write_text("The quick brown fox. " * 20)
    other.write_text("The quick brown fox. " * 20)
    same, before = (identity(CharsConfig(text=str(path)).create()) for path in (one, other))
    other.write_text("The quick brown fox. " * 19 + "The quick brown cat. ")

    assert same == before != identity(CharsConfig(text=str(other)).create())


def test_digits_are_known_by_images_split_and_package(monkeypatch):
    told = identity(DigitsConfig().create())
    changed = identity(DigitsConfig(split_seed=1).create())

    assert set(told) == {"scikit-learn", "train_images", "train_labels", "test_images", "test_labels"}
    assert all(told[name] != changed[name] for name in told if name != "scikit-learn")
    monkeypatch.setattr("sklearn.__version__", "0.0")
    assert identity(DigitsConfig().create()) == {**told, "scikit-learn": "0.0"}


@pytest.mark.parametrize("array", [np.zeros(()), np.zeros((0, 3)), np.array(["a", "bc"]), np.zeros(3, bool)])
def test_arrays_of_any_sort_are_told(array):
    assert "sha256:" in identity(Told(it=array))["it"]


def test_half_precision_is_told():
    one, other = (identity(Told(it=tf.constant([value, 0.0], tf.bfloat16)))["it"] for value in (1.0, 2.0))

    assert one.startswith("bfloat16[2] sha256:")
    assert one != other

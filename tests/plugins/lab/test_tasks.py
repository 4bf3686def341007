from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from optiplug import ConfigError, Task
from optiplug_lab.chars import ALPHABET, encode
from optiplug_lab.sampling import epoch_indices, uniform_integers
from optiplug_lab.task_configs import CharsConfig, DigitsConfig

TEXT = "The quick brown fox jumps over the lazy dog, twice.\n" * 30


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text(TEXT)
    return str(path)


def built(config, seed=0):
    task = config.create()
    task.build(seed)
    return task


def step(number):
    return tf.constant(number, tf.int64)


def test_an_epoch_is_a_permutation_and_the_next_another():
    batches = [epoch_indices(step(number), 4, seed=0, examples=14).numpy() for number in range(6)]
    first, second = np.concatenate(batches[:3]), np.concatenate(batches[3:])

    assert len(set(first)) == len(set(second)) == 12
    assert set(first) <= set(range(14))
    assert first.tolist() != second.tolist()


def test_data_are_a_function_of_seed_and_step():
    def draw(number, seed):
        return tf.stack([epoch_indices(number, 8, seed, 100), uniform_integers(number, 8, 100, seed)])

    eager, traced = draw(step(5), 3).numpy(), tf.function(draw)(step(5), 3).numpy()

    np.testing.assert_array_equal(eager, traced)
    for other in (draw(step(5), 4).numpy(), draw(step(6), 3).numpy()):
        assert (eager != other).any(axis=1).all()


def test_batch_larger_than_the_data():
    with pytest.raises(ConfigError, match="batch_size: must not exceed the number of training examples"):
        epoch_indices(step(0), 15, seed=0, examples=14)


@pytest.mark.parametrize("config", [DigitsConfig(widths=[2, 2, 4]), CharsConfig(context=4, hidden=8)])
def test_tasks_keep_to_the_protocol(config):
    task, same, other = built(config, 1), built(config, 1), built(config, 2)
    batch = task.batch(step(3), 6, 1)
    with tf.GradientTape() as tape:
        loss = task.loss(*batch)

    assert isinstance(task, Task)
    assert {len(tensor) for tensor in batch} == {6}
    assert loss.shape == ()
    assert all(gradient is not None for gradient in tape.gradient(loss, task.variables))
    names = [variable.name for variable in task.variables]
    assert len(set(names)) == len(names)
    assert all(isinstance(value, float) for value in task.evaluate().values())
    for mine, equal in zip(task.variables, same.variables, strict=True):
        np.testing.assert_array_equal(mine, equal)
    assert any(np.any(mine != its) for mine, its in zip(task.variables, other.variables, strict=True))


def test_loss_of_a_batch_is_the_mean_of_its_shares():
    task = built(DigitsConfig(widths=[2, 2, 4]))
    images, labels = task.batch(step(0), 8, 0)
    shares = [task.loss(images[:4], labels[:4]), task.loss(images[4:], labels[4:])]

    np.testing.assert_allclose(task.loss(images, labels), np.mean(shares), rtol=1e-6)


def test_digits_are_split_by_class_and_standardised():
    task = DigitsConfig(test_fraction=0.25).create()
    train, test = np.bincount(task.train_labels), np.bincount(task.test_labels)

    assert len(task.train_labels) + len(task.test_labels) == 1797
    np.testing.assert_allclose(test / (train + test), 0.25, atol=0.01)
    assert abs(task.train_images.mean()) < 1e-5
    assert abs(task.train_images.std() - 1) < 1e-5
    same, other = DigitsConfig().create(), DigitsConfig(split_seed=1).create()
    np.testing.assert_array_equal(task.test_labels, same.test_labels)
    assert task.test_labels.tolist() != other.test_labels.tolist()


def test_digits_move_by_whole_pixels_and_background_comes_in():
    still, moving = DigitsConfig(shift=0).create(), DigitsConfig(shift=1).create()
    originals, labels = (tensor.numpy() for tensor in still.batch(step(2), 32, 0))
    moved, same_labels = (tensor.numpy() for tensor in moving.batch(step(2), 32, 0))
    padded = np.pad(originals, [(0, 0), (1, 1), (1, 1), (0, 0)], constant_values=still.background)
    windows = [padded[:, down : down + 8, right : right + 8] for down in range(3) for right in range(3)]
    fits = np.array([(window == moved).all(axis=(1, 2, 3)) for window in windows])

    np.testing.assert_array_equal(labels, same_labels)
    assert fits.any(axis=0).all()
    assert fits.any(axis=1).all()


def test_chars_predict_the_character_that_follows(text):
    task = CharsConfig(text=text, context=5).create()
    contexts, following = (tensor.numpy() for tensor in task.batch(step(0), 64, 0))
    codes = np.column_stack([contexts, following])
    spelled = ["".join(ALPHABET[code] for code in row) for row in codes]

    assert all(piece in TEXT for piece in spelled)
    assert len(set(spelled)) > 10


def test_encode():
    assert [ALPHABET[code] for code in encode("a\n~\t\u00e9")] == ["a", "\n", "~", "?", "?"]


def test_the_default_text_is_long_and_english():
    task = CharsConfig().create()
    words = "".join(ALPHABET[code] for code in task.train.numpy()).split()

    assert len(words) > 20_000
    assert words.count("the") > 1_000


@pytest.mark.parametrize("content", [None, b"\xff\xfe\xfa"])
def test_unreadable_text(tmp_path, content):
    path = tmp_path / "text.txt"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(ConfigError, match="must be a readable UTF-8 file"):
        CharsConfig(text=str(path)).create()


def test_text_shorter_than_its_context(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("short")

    with pytest.raises(ConfigError, match=r"task\.text: is too short for this context"):
        CharsConfig(text=str(path)).create()

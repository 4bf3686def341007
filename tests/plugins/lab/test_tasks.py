from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from optiplug import BrokenPluginError, ConfigError, Task, TaskConfig
from optiplug_lab import tasks
from optiplug_lab.chars import ALPHABET, encode
from optiplug_lab.config import TrainConfig
from optiplug_lab.folder import RunFolder
from optiplug_lab.run import Run
from optiplug_lab.sampling import epoch_indices, uniform_integers
from optiplug_lab.task_configs import CharsConfig, DigitsConfig
from optiplug_lab.trainer import Trainer

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


def test_what_shapes_tells_is_what_is_built():
    class Wider(CharsConfig):
        """A config that tells other variables than its task has."""

        def shapes(self):
            return {**super().shapes(), "output/kernel": (8, 1)}

    tasks.built(CharsConfig(context=4, hidden=8), seed=0)
    with pytest.raises(BrokenPluginError, match=r"Wider\.shapes: must tell the variables"):
        tasks.built(Wider(context=4, hidden=8), seed=0)


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


@pytest.mark.parametrize(
    "config", [DigitsConfig(widths=[2, 3, 4]), CharsConfig(context=4, embedding=3, hidden=8)]
)
def test_shapes_are_told_without_building(config):
    shapes = {variable.name.partition(":")[0]: tuple(variable.shape) for variable in built(config).variables}

    assert config.shapes() == shapes
    assert list(config.shapes()) == list(shapes)


class Line:
    """A task as somebody else would write it; the attributes of a subclass break it."""

    names = ("slope", "offset")

    def __init__(self, config):
        self.config = config

    def build(self, seed):
        self.variables = [tf.Variable(0.5, name=name) for name in self.names]

    def batch(self, step, batch_size, seed):
        points = tf.linspace(-1.0, 1.0, batch_size)
        return points, 2 * points

    def losses(self, points, values):
        return (self.variables[0] * points + self.variables[1] - values) ** 2

    def loss(self, points, values):
        return tf.reduce_mean(self.losses(points, values))

    def evaluate(self):
        return {"slope": self.variables[0]}


class LineConfig(TaskConfig):
    task: Any = Line

    def create(self):
        return self.task(self)


def trainer(**members):
    task = LineConfig(task=type("Line", (Line,), members))
    return Trainer(
        TrainConfig(task=task, optimizer={"use": "sgd", "jit_compile": False}, steps=1, batch_size=4)
    )


def test_a_task_of_somebody_else():
    made = trainer()
    made.step(tf.constant(0, tf.int64))

    assert made.evaluate() == {"slope": float(made.variables["slope"])}
    assert made.variables["slope"] != 0.5


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"loss": None}, "Line: a task must have build, batch, loss, evaluate. Received: 'no loss'"),
        ({"build": lambda *_: None}, "Line: after `build`, `variables` must be a list"),
        ({"build": lambda self, _: setattr(self, "variables", [])}, "Line: after `build`, `variables`"),
        ({"build": lambda self, _: setattr(self, "variables", [1.0])}, "must hold tf.Variable only"),
        ({"names": ("slope", "slope")}, "each variable must have a name of its own. Received: ['slope']"),
        ({"batch": lambda *_: tf.zeros(4)}, "Line.batch: must return a tuple of tensors"),
        (
            {"batch": lambda *_: (tf.zeros(3), tf.zeros(4))},
            "each tensor must have 4 examples along its first",
        ),
        (
            {"batch": lambda *_: (tf.zeros(()), tf.zeros(4))},
            "each tensor must have 4 examples along its first",
        ),
        ({"build": lambda _: None}, "Line.build: must take (seed). Received: 'build()'"),
        (
            {"batch": lambda _, _step, _size: None},
            "must take (step, batch_size, seed). Received: 'batch(_step, _size)'",
        ),
        ({"evaluate": lambda _, _step: {}}, "Line.evaluate: must take (). Received: 'evaluate(_step)'"),
        (
            {"loss": lambda _, _inputs: None},
            "must take (tensor_1, tensor_2). Received: 'loss(_inputs)'. Hint: these are what `batch` returns",
        ),
        ({"loss": Line.losses}, "Line.loss: must return a scalar"),
        (
            {"loss": lambda *_: None},
            "Line.loss: must return a scalar: the mean over the examples. Received: None",
        ),
        ({"loss": lambda *_: tf.constant(1)}, "the mean over the examples. Received: 'int32 ()'"),
        ({"loss": lambda *_: tf.constant(1.0)}, "Line.loss: must depend on the variables"),
    ],
)
def test_what_is_no_task_is_told_why(members, message):
    with pytest.raises(BrokenPluginError) as caught:
        trainer(**members)

    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("figures", "message"),
    [
        ([0.5], "Line.evaluate: must return a mapping of names to numbers"),
        ({1: 0.5}, "Line.evaluate: must return a mapping of names to numbers"),
        ({"slope": np.zeros(2)}, "Line.evaluate: must return numbers"),
        ({"slope": "steep"}, "Line.evaluate: must return numbers"),
    ],
)
def test_what_is_no_evaluation_is_told_why(figures, message):
    with pytest.raises(BrokenPluginError) as caught:
        trainer(evaluate=lambda _: figures).evaluate()

    assert message in str(caught.value)


def test_evaluations_have_the_same_figures():
    figures = iter([{"slope": 1.0}, {"offset": 1.0}])
    made = trainer(evaluate=lambda _: next(figures))
    made.evaluate()

    with pytest.raises(BrokenPluginError, match="must return the same figures each time"):
        made.evaluate()


def test_a_task_that_cannot_be_trained_leaves_no_folder(tmp_path):
    def broken(self, points, values):
        raise ConfigError("is wrong", where="task")

    task = LineConfig(task=type("Line", (Line,), {"loss": broken}))
    with pytest.raises(ConfigError, match="task: is wrong"):
        Run(TrainConfig(task=task, optimizer="sgd", steps=1), RunFolder(tmp_path / "run"))
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("config", "field", "value"),
    [
        (DigitsConfig, "test_fraction", 0.9999),
        (DigitsConfig, "test_fraction", 0.001),
        (DigitsConfig, "split_seed", 2**40),
        (DigitsConfig, "widths", [4, 4, 2**31]),
        (CharsConfig, "hidden", 2**31),
    ],
)
def test_what_cannot_be_counted_is_refused(config, field, value):
    with pytest.raises(ConfigError, match=field):
        config(**{field: value})


def test_a_batch_that_cannot_be_counted_is_refused(text):
    task = built(CharsConfig(text=text))

    with pytest.raises(ConfigError, match="batch_size: must be less than 22369622 for this task"):
        task.batch(step(0), 22369622, seed=0)


@pytest.mark.parametrize("fraction", [0.01, 0.99])
def test_images_of_all_digits_are_on_either_side(fraction):
    task = built(DigitsConfig(test_fraction=fraction))

    assert len(set(task.train_labels)) == len(set(task.test_labels)) == 10


def test_a_path_with_a_nul_character():
    with pytest.raises(ConfigError, match="must be a readable UTF-8 file"):
        CharsConfig(text="a\0b").create()

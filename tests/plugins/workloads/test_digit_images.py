from __future__ import annotations

import numpy as np

from optiplug_lab.tasks import built
from optiplug_workloads.task_configs import AutoencoderConfig, LogisticConfig


def test_digits_are_split_by_class_and_keep_their_scale():
    images = LogisticConfig(test_fraction=0.25).create().images
    train, test = np.bincount(images.train_labels), np.bincount(images.test_labels)

    assert images.train.shape == (1347, 64)
    np.testing.assert_allclose(test / (train + test), 0.25, atol=0.01)
    assert (images.train.min(), images.train.max()) == (0, 16)


def test_the_middle_of_an_autoencoder_is_as_narrow_as_its_code():
    task = built(AutoencoderConfig(widths=(3,)), 0)
    scores = np.asarray(task.logits(task.test))

    assert scores.shape == (450, 64)
    assert np.linalg.matrix_rank(scores, tol=1e-3) == 3


def test_an_image_that_is_found_again_has_no_squared_error():
    task = built(AutoencoderConfig(widths=(64,)), 0)
    task.logits = lambda images: np.log((images + 1e-6) / (1 - images + 1e-6))
    figures = task.evaluate()

    assert figures["squared_error"] < 1e-6
    assert figures["loss"] < 15

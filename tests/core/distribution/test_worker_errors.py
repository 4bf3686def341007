"""Errors of TensorFlow that are told as errors about workers, and those that are not."""

import pytest
import tensorflow as tf

import optiplug
from optiplug.errors import LostWorkerError


def test_a_lost_worker_is_told():
    with pytest.raises(LostWorkerError, match="another worker has ended") as told, optiplug.worker_errors():
        raise tf.errors.UnavailableError(None, None, "Collective ops is aborted by: Socket closed")
    assert isinstance(told.value.__cause__, tf.errors.UnavailableError)


@pytest.mark.parametrize(
    "error",
    [
        tf.errors.InvalidArgumentError(None, None, "Matrix size-incompatible"),
        tf.errors.OutOfRangeError(None, None, "End of sequence"),
        ValueError("collective"),
    ],
)
def test_other_errors_pass(error):
    with pytest.raises(type(error)) as told, optiplug.worker_errors():
        raise error
    assert told.value is error

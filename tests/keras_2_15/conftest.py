"""What is the same in tf_keras is shown by running it there too."""

from __future__ import annotations

import pytest


@pytest.fixture(params=["optiplug", "tf_keras"])
def library(request):
    """Name the library that the test runs with."""
    return request.param


@pytest.fixture
def sgd(library):
    """Return gradient descent: our class, then that of tf_keras."""
    import tf_keras

    from optiplug_sgd.sgd import SGD

    return SGD if library == "optiplug" else tf_keras.optimizers.SGD


@pytest.fixture
def base(library):
    """Return the class to derive an optimizer from: ours, then that of tf_keras."""
    import tf_keras

    import optiplug

    return optiplug.Optimizer if library == "optiplug" else tf_keras.optimizers.Optimizer

"""Models of Keras on two workers learn what one process makes of the whole batch."""

from __future__ import annotations

import numpy as np
import pytest

from support import worker_keras, workers

FORMS = ["fit", "loop"]


@pytest.fixture(scope="module")
def together(in_cluster):
    return in_cluster(worker_keras.__name__, [f"{form}_together" for form in FORMS], {"worker": 2})


@pytest.fixture(scope="module")
def alone(in_cluster):
    # In a process of its own: the precision of Keras is that of its process.
    return in_cluster(worker_keras.__name__, [f"{form}_alone" for form in FORMS], workers.ALONE)


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
def test_workers_train_a_model_of_keras(form, together, alone):
    first, second = together(f"{form}_together")
    (expected,) = alone(f"{form}_alone")
    assert first == second
    assert first["losses"][-1] < first["losses"][0]
    for one, other in zip(first["weights"], expected["weights"], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(first["losses"], expected["losses"], rtol=1e-12)

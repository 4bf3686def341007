"""`fit` trains as with Keras' own optimizers: every two of its ways are together in one cell."""

from __future__ import annotations

import numpy as np
import pytest

from support.fit_matrix import CELLS, TOLERANCES
from support.identity_matrix import pairwise


@pytest.mark.slow
@pytest.mark.parametrize("cell", [pytest.param(cell, id=str(cell)) for cell in pairwise(CELLS)])
def test_losses_are_those_of_keras(cell, tmp_path):
    if cell.callback == "tensorboard":
        pytest.importorskip("tensorboard", reason="the summaries of TensorFlow are in another distribution")
    folders = {ours: tmp_path / str(ours) for ours in (True, False)}
    for folder in folders.values():
        folder.mkdir()
    losses, expected = (cell.losses(folders[ours], ours=ours) for ours in (True, False))

    assert np.isfinite(expected).all()
    assert min(expected) > 0
    np.testing.assert_allclose(losses, expected, rtol=TOLERANCES[cell.policy])

"""State is with its variable after a save and a load, or the load is refused."""

from __future__ import annotations

import pytest

from support.identity_matrix import CELLS, pairwise

PAIRS = set(pairwise(CELLS))


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
@pytest.mark.parametrize(
    "cell",
    [pytest.param(cell, id=str(cell), marks=() if cell in PAIRS else pytest.mark.slow) for cell in CELLS],
)
def test_state_is_with_its_variable(cell, tmp_path):
    outcome = cell.run(tmp_path)

    assert not outcome.wrong
    assert not outcome.refused or cell.may_be_refused

"""Every optimizer and processor against its NumPy oracle, in double precision."""

from __future__ import annotations

import pytest

from support.oracle_runs import cases, from_oracle, names

CASES = cases()


@pytest.mark.sampled(79)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_equals_its_oracle(case):
    assert from_oracle(case, "float64") <= 1e-12


@pytest.mark.parametrize("kind", ["optimizers", "processors"])
def test_all_have_an_oracle(kind):
    assert names(kind) - {case.use for case in CASES} == set()

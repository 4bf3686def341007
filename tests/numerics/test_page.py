"""The page of figures in the documentation speaks of everything that is measured."""

from __future__ import annotations

import re

import pytest

from optiplug import registry
from support.numerics_page import PAGE
from support.oracle_runs import cases, peers

ROWS = {
    cells[0].strip("` "): [cell.strip() for cell in cells[1:]]
    for cells in (
        line.strip("|").split("|") for line in PAGE.read_text().splitlines() if line.startswith("| `")
    )
}


@pytest.mark.parametrize("kind", ["optimizers", "processors", "schedules"])
def test_every_plugin_has_a_row(kind):
    assert {entry.name for entry in registry.entries(kind)} - ROWS.keys() == set()


def test_every_form_and_every_peer_is_in_it():
    for name in {case.use for case in cases()}:
        forms, own, others = ROWS[name]
        assert int(forms) == len([case for case in cases() if case.use == name])
        assert float(own) <= 1e-12
        packages = {peer.package for peer in peers() if peer.use == name}
        assert set(re.findall(r"[a-z_]+(?= )", others)) == packages
        assert all(float(figure) <= 1e-6 for figure in re.findall(r"[\d.]+e[+-]\d+", others))

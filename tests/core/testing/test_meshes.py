"""The check of meshes, on plugins that break it and on sound ones."""

from __future__ import annotations

import pytest

from optiplug import registry
from optiplug.testing import NotApplicable
from support.mutants.trial import assert_is_found, check_named, mutants_of

CHECK = "same_on_a_mesh"


@pytest.mark.parametrize("mutant", mutants_of("meshes"), ids=repr)
def test_a_broken_plugin_is_found(mutant, registered):
    assert_is_found(mutant, registered)


@pytest.mark.sampled(2)
@pytest.mark.parametrize("name", ["muon", "sm3", "dog", "soap"])
def test_what_needs_whole_variables_is_right_or_refused(name):
    check_named("optimizers", CHECK)(registry.get("optimizers", name)())


def test_rows_alone_are_not_tried():
    with pytest.raises(NotApplicable, match="sparse: lazy"):
        check_named("optimizers", CHECK)(registry.get("optimizers", "sgd")(sparse="lazy"))

"""The checks of state, each on a plugin that breaks it and on a sound one."""

from __future__ import annotations

import pytest

from support.mutants.trial import assert_is_found, mutants_of


@pytest.mark.sampled(2)
@pytest.mark.parametrize("mutant", mutants_of("state"), ids=repr)
def test_a_broken_plugin_is_found(mutant, registered):
    assert_is_found(mutant, registered)

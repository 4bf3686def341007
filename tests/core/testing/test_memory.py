"""The checks of what a step does to memory, each on a plugin that breaks it and on a sound one."""

from __future__ import annotations

import pytest

from support.mutants.trial import assert_is_found, mutants_of


@pytest.mark.parametrize("mutant", mutants_of("memory"), ids=repr)
def test_a_broken_plugin_is_found(mutant, registered):
    assert_is_found(mutant, registered)

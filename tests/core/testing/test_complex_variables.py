"""The check of complex variables, on plugins that break it and on a sound one."""

from __future__ import annotations

import pytest

from support.mutants.trial import assert_is_found, mutants_of


@pytest.mark.parametrize("mutant", mutants_of("complex_variables"), ids=repr)
def test_a_broken_plugin_is_found(mutant, registered):
    assert_is_found(mutant, registered)

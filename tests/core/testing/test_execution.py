"""The checks of how a step runs, each on a plugin that breaks it and on a sound one."""

from __future__ import annotations

import pytest

from optiplug.testing.training import reference
from support.mutants.execution import KeepsStateOnTheClass
from support.mutants.trial import assert_is_found, check_named, mutants_of


@pytest.mark.sampled(5)
@pytest.mark.parametrize("mutant", mutants_of("execution"), ids=repr)
def test_a_broken_plugin_is_found(mutant, registered):
    assert_is_found(mutant, registered)


def test_state_on_the_class_is_found_after_other_checks(registered):
    """They have traced the step that `restarted` returns, while there was no other instance."""
    registered(KeepsStateOnTheClass)
    config = KeepsStateOnTheClass.Config(momentum=0.8)  # one that no other test has a training of
    reference(config, compiled=False)

    with pytest.raises(Exception, match="holds no state"):
        check_named("optimizers", "instances_do_not_meet")(config)

"""The check of settings that do nothing, on plugins with one and on sound ones."""

from __future__ import annotations

import pytest

from optiplug import registry
from optiplug.testing import NotApplicable
from support.mutants.trial import assert_is_found, check_named, mutants_of


@pytest.mark.sampled(3)
@pytest.mark.parametrize("mutant", mutants_of("settings"), ids=repr)
def test_a_broken_plugin_is_found(mutant, registered):
    assert_is_found(mutant, registered)


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("kind", "name"), [("processors", "loss_scale"), ("processors", "lookahead"), ("optimizers", "sm3")]
)
def test_what_happens_rarely_is_seen(kind, name):
    config = registry.get(kind, name)
    check_named(kind, "every_setting_acts")(config(**config.example))


def test_what_has_no_settings_has_nothing_to_show():
    with pytest.raises(NotApplicable, match="no hyperparameters of its own"):
        check_named("processors", "every_setting_acts")(registry.get("processors", "orthograd")())

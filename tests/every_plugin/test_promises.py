"""Every plugin that is installed keeps the promises of the framework, as does its oddest form."""

from __future__ import annotations

from typing import Any

import pytest

from optiplug import registry
from optiplug.testing import parametrize_with_checks
from support.oddest_forms import oddest_forms

EXAMPLES = [config(**config.example) for config in map(registry.load, registry.entries())]


@pytest.mark.sampled(127)
@parametrize_with_checks([*EXAMPLES, *oddest_forms(EXAMPLES)])
def test_keeps_its_promises(config: Any, check: Any) -> None:
    check(config)

"""Every plugin that is installed keeps the promises of the framework."""

from __future__ import annotations

from optiplug import registry
from optiplug.named import resolve
from optiplug.testing import parametrize_with_checks

EXAMPLES = [config(**config.example) for config in map(registry.load, registry.entries())]
# What the defaults leave out.
VARIANTS = [
    resolve("optimizers", {"use": "sgd", "momentum": 0.9, "nesterov": True}),
    resolve("optimizers", {"use": "adam", "amsgrad": True, "epsilon_form": "paper"}),
    resolve("optimizers", {"use": "sgd", "processors": [{"use": "accumulate", "steps": 2}, "monitor"]}),
    resolve("processors", {"use": "ema", "overwrite_frequency": 2}),
]
EXPECTED_FAILURES = {
    "ema(overwrite_frequency=2)-spares_what_has_no_gradient": "all variables become their averages",
}


@parametrize_with_checks([*EXAMPLES, *VARIANTS], expected_failures=EXPECTED_FAILURES)
def test_keeps_its_promises(config, check):
    check(config)

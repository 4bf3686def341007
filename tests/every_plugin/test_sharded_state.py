"""Every optimizer and processor has sharded state with the bits of whole state, or refuses it."""

from __future__ import annotations

import pytest

from optiplug import ConfigError, registry
from optiplug._config.promises import is_elementwise
from support.sharded_runs import Run, assert_same
from support.strategies import mirrored

OPTIMIZERS = [config(**config.example) for config in map(registry.load, registry.entries("optimizers"))]
# Not the scale of a loss, as there is none; and where a mean is taken in the same fusion as a share, the last
# bit may differ.
LEFT_OUT = {"loss_scale", "centralize_gradients"}
PROCESSORS = [
    config(**config.example)
    for config in (
        registry.load(each) for each in registry.entries("processors") if each.name not in LEFT_OUT
    )
]
# Of the first each has a share, and there is no way to halve it.
SHAPES = {"kernel": (131, 127), "bias": (64,)}
CALLS = range(4)


def same_or_refused(config):
    """Compare a run with sharded state and one without; return the reasons where the first is refused."""
    try:
        sharded = Run(mirrored(2), config, sharded=True, shapes=SHAPES).train(CALLS)
    except ConfigError as error:
        return str(error)
    assert_same(sharded, Run(mirrored(2), config, sharded=False, shapes=SHAPES).train(CALLS))
    report = sharded.optimizer.state_report()
    assert report.device_total < report.total or not any(row.slot for row in report.rows)
    return ""


@pytest.mark.sampled(9)
@pytest.mark.parametrize("config", OPTIMIZERS, ids=lambda config: config.dump()["use"])
def test_optimizers(config):
    refused = same_or_refused(config.dump())
    # Of rows a replica has no share.
    shareable = is_elementwise(config.load_implementation()) and config.sparse == "exact"
    # What has others inside, as a partition, is refused as those are.
    assert not refused or ("cannot be shared" in refused and not shareable)


@pytest.mark.sampled(9)
@pytest.mark.parametrize("config", PROCESSORS, ids=lambda config: config.dump()["use"])
def test_processors(config):
    refused = same_or_refused({"use": "sgd", "momentum": 0.9, "processors": [config.dump()]})
    assert not refused or f"the processor '{config.dump()['use']}'" in refused

"""Two replicas train as one device does."""

from __future__ import annotations

import numpy as np
import pytest

from optiplug_keras import wrap
from support.keras_models import compiled, fit
from support.strategies import mirrored

CHAIN = {"learning_rate": 0.1, "momentum": 0.9, "global_clipnorm": 0.5, "weight_decay": 1e-3, "use_ema": True}


@pytest.fixture(scope="module")
def alone(flavour):
    """The losses on one device, and what is trained there."""
    single = compiled(flavour, wrap("sgd", **CHAIN, keras=flavour), normalized=False)
    return fit(single, epochs=2), single.trainable_variables


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    "keywords", [{}, pytest.param({"jit_compile": False}, marks=pytest.mark.slow)], ids=["auto", "uncompiled"]
)
def test_mirrored(flavour, alone, keywords):
    expected, trained = alone

    with mirrored(2).scope():
        model = compiled(flavour, wrap("sgd", **CHAIN, keras=flavour), normalized=False, **keywords)
    losses = fit(model, epochs=2)

    np.testing.assert_allclose(losses, expected, rtol=0, atol=1e-5)
    for ours, single in zip(model.trainable_variables, trained, strict=True):
        np.testing.assert_allclose(ours.numpy(), single.numpy(), rtol=0, atol=1e-5)

"""Two replicas train as one device does."""

from __future__ import annotations

import numpy as np
import pytest

from optiplug_keras import wrap
from support.keras_models import compiled, fit
from support.strategies import mirrored

CHAIN = {"learning_rate": 0.1, "momentum": 0.9, "global_clipnorm": 0.5, "weight_decay": 1e-3, "use_ema": True}


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    "keywords", [{}, pytest.param({"jit_compile": False}, marks=pytest.mark.slow)], ids=["auto", "uncompiled"]
)
def test_mirrored(flavour, keywords):
    single = compiled(flavour, wrap("sgd", **CHAIN, keras=flavour), normalized=False)
    expected = fit(single, epochs=2)

    with mirrored(2).scope():
        model = compiled(flavour, wrap("sgd", **CHAIN, keras=flavour), normalized=False, **keywords)
    losses = fit(model, epochs=2)

    np.testing.assert_allclose(losses, expected, rtol=0, atol=1e-5)
    for ours, alone in zip(model.trainable_variables, single.trainable_variables, strict=True):
        np.testing.assert_allclose(ours.numpy(), alone.numpy(), rtol=0, atol=1e-5)

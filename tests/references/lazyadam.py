"""LazyAdam is Adam where gradients are dense; of its rows speak the tests of the plugin."""

from __future__ import annotations

from functools import partial
from typing import Any

from references.adam import Adam
from references.case import Case, Peer


def _keras(**fields: Any) -> Any:
    import tf_keras

    return tf_keras.optimizers.Adam(**fields, jit_compile=False)


_OTHER = {"learning_rate": 0.1, "beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-3}
CASES = [Case("lazyadam", Adam), Case("lazyadam", Adam, _OTHER)]
PEERS = [Peer("lazyadam", "tf_keras", partial(_keras, **_OTHER), _OTHER)]

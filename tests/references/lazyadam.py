"""LazyAdam is Adam where gradients are dense; of its rows speak the tests of the plugin."""

from __future__ import annotations

from references.adam import Adam
from references.case import Case, Peer
from references.peers import keras

_OTHER = {"learning_rate": 0.1, "beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-3}
CASES = [Case("lazyadam", Adam), Case("lazyadam", Adam, _OTHER)]
PEERS = [Peer("lazyadam", "tf_keras", keras("Adam", **_OTHER), _OTHER)]

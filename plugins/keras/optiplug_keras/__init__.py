"""optiplug's optimizers in `model.compile`: a plugin of Keras.

Importing it lets `compile` of Keras 3, and of tf_keras where that is installed, take what says which
optimizer is meant, and makes models that were saved with one of these optimizers loadable.
"""

from __future__ import annotations

from importlib.util import find_spec

import keras

from .checkpoint import Checkpoint
from .compiling import let_compile_take_ours
from .keras3 import KerasAdapter
from .wrapping import wrap

__all__ = ["Checkpoint", "KerasAdapter", "wrap"]

let_compile_take_ours(keras)
if find_spec("tf_keras"):
    from . import tf_keras as tf_keras

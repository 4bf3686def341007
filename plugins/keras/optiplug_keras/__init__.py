"""optiplug's optimizers in `model.compile`: a plugin of Keras.

Importing it makes models that were saved with one of these optimizers loadable by Keras 3;
importing `optiplug_keras.tf_keras` does so for tf_keras.
"""

from __future__ import annotations

from .keras3 import KerasAdapter
from .wrapping import wrap

__all__ = ["KerasAdapter", "wrap"]

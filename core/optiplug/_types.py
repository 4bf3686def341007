"""The roles that tensors and variables have in signatures.

TensorFlow has no type information, so a type checker takes these for `Any`: they are for readers.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy.typing as npt
import tensorflow as tf
from tensorflow.experimental import dtensor

__all__ = ["Array", "DType", "Gradient", "Mesh", "Shape", "Strategy", "Tensor", "Variable"]

Tensor: TypeAlias = tf.Tensor
"""A value while a step is traced, or an eager one."""

Variable: TypeAlias = tf.Variable
"""A tf.Variable, mirrored or on a mesh too, or a variable of Keras where the docstring says so."""

Gradient: TypeAlias = tf.Tensor | tf.IndexedSlices
"""A gradient: dense, or the rows of a table that have one."""

DType: TypeAlias = tf.DType
"""A dtype of TensorFlow."""

Shape: TypeAlias = tf.TensorShape
"""A static shape."""

Array: TypeAlias = npt.NDArray[Any]
"""A NumPy array."""

Strategy: TypeAlias = tf.distribute.Strategy
"""A strategy of tf.distribute."""

Mesh: TypeAlias = dtensor.Mesh
"""A mesh of DTensor."""

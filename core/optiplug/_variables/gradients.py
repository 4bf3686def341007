"""Gradients: the arguments of `apply_gradients`, validated and converted for a step."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any

import tensorflow as tf

from optiplug import _distribution as distribution
from optiplug._types import DType, Gradient, Shape, Tensor, Variable
from optiplug.errors import GradientsError
from optiplug.numerics import compute_dtype

from .model_variables import is_trainable, trainable

__all__ = ["dense", "in_range", "row_signature", "tensor", "validated_pairs", "without_shape"]


def validated_pairs(
    grads_and_vars: Iterable[tuple[Gradient | None, Variable]],
) -> tuple[list[Gradient], list[Variable], list[Variable]]:
    """Return the gradients of all pairs that have one, their tf.Variables, and these as they were given.

    Raises
    ------
    GradientsError
        If these are no pairs, if one has no variable in it, or one of integers, or if two have the same.
    ValueError
        If there are pairs but no gradient at all.
    """
    try:
        # A list, since a `zip` can be read once only.
        given = [(gradient, variable) for gradient, variable in grads_and_vars]
    except (TypeError, ValueError) as error:
        raise GradientsError(
            "`grads_and_vars` must be an iterable of (gradient, variable) pairs",
            received=grads_and_vars,
            hint="zip(gradients, variables) makes one",
        ) from error
    if distribution.any_sharded(variable for _, variable in given):
        given = [pair for gradient, variable in given for pair in _of_shards(gradient, variable)]
    kept = [_pair(gradient, variable) for gradient, variable in given if gradient is not None]
    missing = [variable for gradient, variable in given if gradient is None]
    if given and not kept:
        # The error and the words of Keras, which programs look for.
        raise ValueError(
            f"No gradients provided for any variable: {[each.name for each in missing]}. "
            "Hint: does the loss depend on them?"
        )
    # Nobody expects a gradient of integers.
    left_alone = [each.name for each in missing if is_trainable(each)]
    if left_alone:
        warnings.warn(f"Variables without gradient are left alone: {left_alone}.", stacklevel=3)
    variables = trainable(variable for _, variable in kept)
    # The second assignment would silently replace the first.
    if len(set(map(id, variables))) < len(kept):
        names = [variable.name for variable in variables]
        raise GradientsError("each variable must appear once in `grads_and_vars`", received=names)
    return [gradient for gradient, _ in kept], variables, [variable for _, variable in kept]


def _of_shards(gradient: Any, variable: Variable) -> list[tuple[Gradient | None, Variable]]:
    """Return a pair for each shard of a variable that is given whole; the gradient is whole, or a list."""
    if not distribution.is_sharded(variable):
        return [(gradient, variable)]
    shards = distribution.shards_of(variable)
    if gradient is None:
        return [(None, shard) for shard in shards]
    if isinstance(gradient, list | tuple):
        if len(gradient) != len(shards):
            raise GradientsError(
                f"there must be one gradient for each of the {len(shards)} shards of {shards[0].name!r}",
                received=len(gradient),
            )
        return list(zip(gradient, shards, strict=True))
    whole, _ = _pair(gradient, variable)
    pieces = (
        _rows_of_shards(whole, variable)
        if isinstance(whole, tf.IndexedSlices)
        else _split(tensor(whole), variable)
    )
    return list(zip(pieces, shards, strict=True))


def _split(gradient: Gradient, whole: Variable) -> list[Tensor]:
    _require_shape(gradient.shape, whole)
    pieces: list[Tensor] = tf.split(gradient, [each.shape[0] for each in distribution.shards_of(whole)])
    return pieces


def _rows_of_shards(gradient: tf.IndexedSlices, whole: Variable) -> list[tf.IndexedSlices]:
    """Return the rows of each shard, with their places in it."""
    _require_shape(_shape_of_rows(gradient, whole), whole)
    # Checked here: a row that no shard has would be left out.
    begin, indices, pieces = 0, in_range(gradient.indices, whole), []
    for shard in distribution.shards_of(whole):
        end = begin + shard.shape[0]
        chosen = tf.where((indices >= begin) & (indices < end))[:, 0]
        rows = tf.gather(gradient.values, chosen), tf.gather(indices, chosen) - begin
        pieces.append(tf.IndexedSlices(*rows, tf.constant(list(shard.shape), indices.dtype)))
        begin = end
    return pieces


def _pair(gradient: Gradient, variable: Variable) -> tuple[Gradient, Variable]:
    """Make tensors of the parts of a sparse gradient; without a shape it has that of its variable."""
    if isinstance(gradient, tf.IndexedSlices):
        values, indices = map(tf.convert_to_tensor, (gradient.values, gradient.indices))
        shape = gradient.dense_shape
        shape = tf.shape(variable, indices.dtype) if shape is None else tf.convert_to_tensor(shape)
        gradient = tf.IndexedSlices(values, indices, shape)
    return gradient, variable


def dense(gradient: Gradient, variable: Variable) -> Tensor:
    """Return a tensor of the shape of `variable`, duplicate rows summed.

    Done outside the cluster: the number of rows varies, and XLA compiles for each shape.

    Raises
    ------
    GradientsError
        If the gradient has another shape.
    """
    _require_dtype(gradient.dtype, variable)
    if isinstance(gradient, tf.IndexedSlices):
        return _summed(gradient, variable)
    _require_shape(gradient.shape, variable)
    known = variable.shape.rank is None or gradient.shape == variable.shape
    return gradient if known else tf.ensure_shape(gradient, variable.shape)


def tensor(gradient: object) -> Tensor:
    """Return a number as a tensor: TensorFlow would trace a function again for each Python number.

    Raises
    ------
    GradientsError
        If it is nothing that a tensor could be made of.
    """
    if isinstance(gradient, tf.Tensor):
        return gradient
    try:
        return tf.convert_to_tensor(gradient)
    except (TypeError, ValueError) as error:
        raise GradientsError(
            "a gradient must be a tensor, a tf.IndexedSlices or a number", received=gradient
        ) from error


def without_shape(gradient: Gradient) -> Gradient:
    """Drop the dense shape, which only some slices have: a signature has it or has it not."""
    if isinstance(gradient, tf.IndexedSlices):
        return tf.IndexedSlices(gradient.values, gradient.indices)
    return tensor(gradient)


def row_signature(gradient: Gradient, variable: Variable) -> tf.TypeSpec:
    """Return a signature that leaves open how many rows a sparse gradient has.

    Raises
    ------
    GradientsError
        If a sparse gradient is one of another shape.
    """
    if isinstance(gradient, tf.IndexedSlices):
        _require_shape(_shape_of_rows(gradient, variable), variable)
        return tf.IndexedSlicesSpec(variable.shape, gradient.dtype, gradient.indices.dtype, None, [None])
    gradient = tensor(gradient)
    return tf.TensorSpec(gradient.shape, gradient.dtype)


def in_range(indices: Tensor, table: Variable) -> Tensor:
    """Return the indices of rows, once it is known that the table has them."""
    # To a sum on a CPU a row above the last is an error already; all else is left out in silence.
    rule = f"each row of the gradient of {table.name} must be one of its {table.shape[0]}"
    count = tf.shape(table)[0] if table.shape[0] is None else table.shape[0]
    checks = [
        tf.debugging.assert_non_negative(indices, rule),
        tf.debugging.assert_less(indices, tf.cast(count, indices.dtype), rule),
    ]
    with tf.control_dependencies(checks):
        return tf.identity(indices)


def _summed(gradient: tf.IndexedSlices, variable: Variable) -> Tensor:
    """Sum rows in the dtype to compute in."""
    values, indices = gradient.values, gradient.indices
    _require_shape(_shape_of_rows(gradient, variable), variable)
    if distribution.mesh_of(variable) is None:
        indices = in_range(indices, variable)
    # Before the sum, as rows may repeat: a sum in half precision loses digits.
    values = tf.cast(values, compute_dtype(values.dtype))
    rows = tf.shape(variable)[0] if variable.shape[0] is None else variable.shape[0]
    return tf.math.unsorted_segment_sum(values, indices, rows)


def _shape_of_rows(gradient: tf.IndexedSlices, variable: Variable) -> Shape:
    """Return the static shape of the dense gradient: of a row and, if declared, the number of rows."""
    row = gradient.values.shape[1:]
    known = gradient.dense_shape is not None and distribution.mesh_of(variable) is None
    declared = tf.get_static_value(gradient.dense_shape) if known else None
    return tf.TensorShape([None]).concatenate(row) if declared is None else tf.TensorShape(declared)


def _require_dtype(dtype: DType, variable: Variable) -> None:
    if not _is_number(dtype) or (dtype.is_complex and not variable.dtype.is_complex):
        raise GradientsError(
            f"the gradient of {variable.name!r} must be of a dtype like its own, {variable.dtype.name}",
            received=dtype.name,
        )


def _is_number(dtype: DType) -> bool:
    return bool(dtype.is_floating or dtype.is_complex or dtype.is_integer)


def _require_shape(shape: Shape, variable: Variable) -> None:
    if not shape.is_compatible_with(variable.shape):
        raise GradientsError(
            f"the gradient of {variable.name!r} must have its shape {variable.shape}", received=tuple(shape)
        )

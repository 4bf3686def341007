"""What LAMB and LARS share: trust ratios, and which variables are exempt from them."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from optiplug import Optimizer, Selection, Tensor, numerics

__all__ = ["excluded", "norm", "trusted"]


def norm(x: Tensor) -> Tensor:
    """Return the Euclidean norm, in float64.

    >>> float(norm(tf.constant([3.0, 4.0])))
    5.0
    """
    return numerics.global_norm([x], tf.float64)


def trusted(numerator: Tensor, denominator: Tensor, norms: Sequence[Tensor]) -> Tensor:
    """Return a trust ratio, and 1 if one of the `norms` is 0: a variable that is 0 would stay so for ever.

    >>> ratio = trusted(tf.constant(6.0), tf.constant(2.0), [tf.constant(6.0), tf.constant(2.0)])
    >>> float(ratio), float(trusted(tf.constant(0.0), tf.constant(2.0), [tf.constant(0.0)]))
    (3.0, 1.0)
    """
    ratio = tf.math.divide_no_nan(numerator, denominator)
    return numerics.where(tf.reduce_all([each > 0 for each in norms]), ratio, tf.ones_like(ratio))


def excluded(optimizer: Optimizer, field: str) -> frozenset[str]:
    """Return the paths of an optimizer's own variables that match the globs in a field of its config.

    Raises
    ------
    ConfigError
        If a glob matches none of them.
    """
    patterns, variables = getattr(optimizer.config, field), optimizer.own_variables
    if not patterns or not variables:
        return frozenset()
    chosen = optimizer.select(Selection(only=patterns), variables, f"{optimizer.name}.{field}")
    return frozenset(map(optimizer.path, chosen))

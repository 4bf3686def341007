"""The Newton-Schulz iteration, which makes all singular values of a matrix close to 1."""

from __future__ import annotations

import tensorflow as tf

from optiplug import Tensor, numerics

__all__ = ["newton_schulz"]


def newton_schulz(
    matrix: Tensor, *, steps: int, coefficients: tuple[float, float, float], epsilon: float
) -> Tensor:
    """Return a matrix with the singular vectors of `matrix` and singular values close to 1.

    With ``(a, b, c) = coefficients`` and X, at first the matrix divided by ``epsilon`` and its
    Frobenius norm, each iteration is ``X <- a X + b (X X') X + c (X X')^2 X``. Singular values go through
    the polynomial ``a s + b s^3 + c s^5``, singular vectors stay. A tensor of rank 3 is a stack of
    matrices. Everything is computed in the dtype of `matrix`.

    Jordan's coefficients, 3.4445, -4.7750 and 2.0315, bring singular values of a
    hundredth of the norm and more into [0.68, 1.14] in 5 steps, and never to exactly 1.

    References
    ----------
    Jordan, Jin, Boza, You, Cesista, Newhouse and Bernstein 2024, "Muon: An optimizer for hidden
    layers in neural networks".

    Examples
    --------
    >>> matrix = tf.constant([[3.0, 0.0], [0.0, -1.0], [0.0, 0.0]])
    >>> newton_schulz(matrix, steps=5, coefficients=(3.4445, -4.7750, 2.0315), epsilon=1e-8).numpy().round(1)
    array([[ 0.8,  0. ],
           [ 0. , -1.1],
           [ 0. ,  0. ]], dtype=float32)
    """
    a, b, c = coefficients
    wide = matrix.shape[-2] <= matrix.shape[-1]
    # The iteration needs singular values of at most 1, and this norm is a cheap upper bound of them.
    x = numerics.scaled(matrix, 1 / (_frobenius_norm(matrix) + epsilon))
    for _ in range(steps):
        # DTensor takes no operand twice. XLA drops the identities.
        # X' X is the smaller product for a tall matrix, and (X X')^k X = X (X' X)^k.
        gram = tf.matmul(x, tf.identity(x), transpose_a=not wide, transpose_b=wide)
        polynomial = b * gram + c * tf.matmul(gram, tf.identity(gram))
        x = a * x + (tf.matmul(polynomial, x) if wide else tf.matmul(x, polynomial))
    return x


def _frobenius_norm(matrix: Tensor) -> Tensor:
    """Return the norm of a matrix, or those of a stack of them with two more axes."""
    if matrix.shape.rank == 2:
        return numerics.global_norm([matrix], tf.float64)
    norms = [numerics.global_norm([each], tf.float64) for each in tf.unstack(matrix)]
    return tf.reshape(tf.stack(norms), [-1, 1, 1])

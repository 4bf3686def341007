"""SOAP: Adam in the eigenbasis of Shampoo's preconditioner."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import ClassVar

import tensorflow as tf

from optiplug import Moments, Shape, Tensor, Variable, Working, numerics

from .configs.soap import SOAPConfig

__all__ = ["SOAP"]

# Of the sum of the eigenvalues: lifts what no gradient has reached above the rounding errors of float32.
_RIDGE = 1e-6


class SOAP(Moments):
    """Adam in the eigenbasis of Shampoo's preconditioner.

    For a matrix, with the bases Q, covariances C, one of each for the rows and the columns, and
    ``t = iterations + 1``::

        momentum      <- beta_1 * momentum + (1 - beta_1) * gradient
        second_moment <- beta_2 * second_moment + (1 - beta_2) * (Q_0' gradient Q_1)^2
        direction     =  (Q_0' momentum Q_1) / (sqrt(second_moment) + epsilon)
        rate          =  learning_rate * sqrt(1 - beta_2^t) / (1 - beta_1^t)
        variable      <- variable - rate * Q_0 direction Q_1'
        C_0           <- shampoo_beta * C_0 + (1 - shampoo_beta) * gradient gradient'
        C_1           <- shampoo_beta * C_1 + (1 - shampoo_beta) * gradient' gradient
        Q_i           <- orthogonal factor of C_i Q_i, if t is a multiple of precondition_frequency

    The last line is one step of power iteration, after which the columns of Q are closer to the
    eigenvectors of C. A variable of rank 3 and more has a basis for each of its axes; one of rank 0
    or 1 is updated as by Adam, and so is, along that axis, one that is 1 or more than
    `max_preconditioner_dim` long.

    State: the slots `momentum` and `second_moment`, and for each axis `covariance_0` and `basis_0`
    and so on, square matrices, of no elements where an axis has no basis. Variables must be real.

    Each basis is a QR factorization in the compiled step. It takes as long as about ten products of
    matrices of that size, at every `precondition_frequency` steps, and seconds to compile for axes
    of 1,000 elements and more. Which basis directions without any gradient so far get, where there
    are several, is left to rounding. On a DTensor mesh it is refused, as DTensor cannot
    take the diagonal of a matrix.

    Differs from
    ------------
    The authors' code, which spends the first gradient on an eigendecomposition and does not move.
    Here the bases start as identities, so the first `precondition_frequency` steps are Adam's. It
    sorts the columns of a basis by their eigenvalues before each QR factorization; this follows
    Algorithms 3 and 4 of the paper, which do not. Before that factorization 1e-6 of the
    trace of C is added to its diagonal, so that directions in which there was no gradient stay as
    they are. The bias corrections, which the algorithms leave out, are those of that code, where
    `max_preconditioner_dim` is 10000.

    References
    ----------
    Vyas, Morwani, Zhao, Kwun, Shapira, Brandfonbrener, Janson and Kakade 2024, "SOAP: Improving and
    Stabilizing Shampoo using Adam", arXiv:2409.11321.

    Examples
    --------
    >>> import tensorflow as tf
    >>> variable = tf.Variable([[2.0, 2.0], [3.0, 4.0]])
    >>> optimizer = SOAP(learning_rate=0.5, precondition_frequency=1)
    >>> for _ in range(2):
    ...     _ = optimizer.apply_gradients([(tf.constant([[4.0, 0.0], [0.0, 1.0]]), variable)])
    >>> variable.numpy().round(3).tolist()
    [[1.0, 2.0], [3.0, 3.0]]
    """

    Config: ClassVar[type[SOAPConfig]] = SOAPConfig

    def build(self, var_list: Sequence[Variable]) -> None:
        """Create the state slots."""
        super().build(var_list)
        rank = max((variable.shape.rank for variable in self.own_variables), default=0)
        axes = range(rank if rank > 1 else 0)
        sizes = [partial(self._size, axis=axis) for axis in axes]
        self.covariance = [self.add_slot(f"covariance_{axis}", shape=_square(sizes[axis])) for axis in axes]
        self.basis = [
            self.add_slot(f"basis_{axis}", shape=_square(sizes[axis]), initial=_identity(sizes[axis]))
            for axis in axes
        ]

    def _size(self, variable: Variable | Working, axis: int) -> int:
        """Return how long the basis of an axis is; 0 if it has none."""
        shape = _shape(variable)
        if shape.rank < 2 or axis >= shape.rank or not shape.num_elements():
            return 0
        # One dimension has nothing to rotate.
        return int(shape[axis]) if 1 < shape[axis] <= self.config.max_preconditioner_dim else 0

    def update_step(self, gradient: Tensor, variable: Working) -> None:
        """Apply one gradient to one variable."""
        bases = {
            axis: self.basis[axis][variable]
            for axis in range(_shape(variable).rank)
            if self._size(variable, axis)
        }
        axes, matrices = list(bases), [basis.value for basis in bases.values()]
        # What is of one variable at a time, before the moments and after them.
        gradient, rotated, *products = numerics.each(
            partial(_projected, axes=axes), [gradient, *matrices], variable.stacked, 2 + len(axes)
        )
        m = self.update_first_moment(gradient, variable)
        v = self.update_second_moment(rotated, variable)
        (direction,) = numerics.each(
            partial(self._direction, axes=axes), [m.value, v.value, *matrices], variable.stacked
        )
        variable.assign_sub(direction * (self.rate(variable) * self.once(self.adam_correction, variable)))
        if bases:
            self._precondition(products, variable, bases)

    def _direction(self, m: Tensor, v: Tensor, *bases: Tensor, axes: Sequence[int]) -> list[Tensor]:
        """Return Adam's direction in the bases, in the coordinates of the variable."""
        direction = _rotated(m, bases, axes) / (tf.sqrt(v) + self.config.epsilon)
        return [_rotated(direction, bases, axes, back=True)]

    def _precondition(self, products: Sequence[Tensor], variable: Working, bases: dict[int, Working]) -> None:
        """Update the covariances, and at every `precondition_frequency` steps the bases."""
        beta = self.config.beta_2 if self.config.shampoo_beta is None else self.config.shampoo_beta
        weight = 1 - self.scalar(beta, variable)
        covariances = [self.covariance[axis][variable] for axis in bases]
        for product, covariance in zip(products, covariances, strict=True):
            covariance.assign_add((product - covariance) * weight)
        matrices = [each.value for each in covariances]
        # A loop of no or one round: XLA runs a tf.cond here with copies of all that the step reads.
        due = tf.equal((self.iterations + 1) % self.config.precondition_frequency, 0)
        _, *turned = tf.while_loop(
            lambda due, *_: due,
            lambda due, *old: (tf.zeros_like(due), *_power_iterations(matrices, old)),
            (due, *(basis.value for basis in bases.values())),
        )
        for basis, new in zip(bases.values(), turned, strict=True):
            basis.assign(new)


def _square(size: Callable[[Variable], int]) -> Callable[[Variable], tuple[int, int]]:
    return lambda variable: (size(variable),) * 2


def _identity(size: Callable[[Variable], int]) -> Callable[[Variable], Tensor]:
    return lambda variable: tf.eye(size(variable), dtype=variable.dtype)


def _shape(variable: Variable | Working) -> Shape:
    """Return the shape of a variable, or of each of a stack."""
    return variable.shape[1:] if getattr(variable, "stacked", 0) else variable.shape


def _projected(gradient: Tensor, *bases: Tensor, axes: Sequence[int]) -> list[Tensor]:
    """Return the limited gradient, the same in the bases, and the products of its slices along each axis."""
    gradient = numerics.limited_norm(gradient)
    ranks = range(gradient.shape.rank)
    others = [[other for other in ranks if other != axis] for axis in axes]
    products = [tf.tensordot(gradient, gradient, [each, each]) for each in others]
    return [gradient, _rotated(gradient, bases, axes), *products]


def _rotated(x: Tensor, bases: Sequence[Tensor], axes: Sequence[int], *, back: bool = False) -> Tensor:
    """Return the coordinates of `x` in the bases of some axes, or with `back` the opposite."""
    letters = "abcdefghijklmnopqrstuvwxy"[: len(x.shape)]
    for axis, basis in zip(axes, bases, strict=True):
        old, new = letters[axis], letters.replace(letters[axis], "z")
        # `z` names the new axis, so it is none of the letters above.
        x = tf.einsum(f"{letters},{'z' + old if back else old + 'z'}->{new}", x, basis)
    return x


def _power_iterations(covariances: Sequence[Tensor], bases: Sequence[Tensor]) -> list[Tensor]:
    """Return the basis of each axis after one step of power iteration."""
    turned: dict[int, Tensor] = {}
    # XLA takes seconds to compile a factorization, whether of one matrix or of a stack.
    for size in dict.fromkeys(basis.shape[-1] for basis in bases):
        places = [place for place, basis in enumerate(bases) if basis.shape[-1] == size]
        stacks = (tf.stack([each[place] for place in places]) for each in (covariances, bases))
        turned |= zip(places, tf.unstack(_power_iteration(*stacks)), strict=True)
    return [turned[place] for place in range(len(bases))]


def _power_iteration(covariance: Tensor, basis: Tensor) -> Tensor:
    """Return the orthogonal factor of ``covariance basis``, with columns that keep their direction."""
    # In units of its trace, as the squares of a squared gradient's covariance may overflow.
    trace = tf.linalg.trace(covariance)[..., tf.newaxis, tf.newaxis]
    units = covariance / tf.where(trace > 0, trace, tf.ones_like(trace))
    orthogonal, triangular = tf.linalg.qr(tf.matmul(units, basis) + basis * _RIDGE)
    signs = tf.sign(tf.linalg.diag_part(triangular))[..., tf.newaxis, :]
    return orthogonal * tf.where(signs < 0, signs, tf.ones_like(signs))

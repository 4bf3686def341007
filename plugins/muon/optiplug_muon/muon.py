"""Muon."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from math import prod, sqrt
from typing import ClassVar

import tensorflow as tf

from optiplug import (
    ConfigError,
    DType,
    Optimizer,
    OptimizerConfig,
    Selection,
    Tensor,
    Variable,
    Working,
    numerics,
)

from .config import MuonConfig
from .newton_schulz import newton_schulz

__all__ = ["Muon"]


class Muon(Optimizer):
    """Orthogonalized momentum for matrices, another optimizer for all else.

    With ``t = iterations + 1`` and `momentum` as beta::

        average  <- beta * average + (1 - beta) * gradient
        m_hat    =  average / (1 - beta^t), or with nesterov
                    beta * average / (1 - beta^(t+1)) + (1 - beta) * gradient / (1 - beta^t)
        variable <- variable - learning_rate * scale * newton_schulz(m_hat)

    where `newton_schulz` replaces the singular values of a matrix by numbers close to 1, and `scale`
    is ``sqrt(max(1, outputs / inputs))`` (``"original"``) or ``0.2 sqrt(max(inputs, outputs))``
    (``"match_rms_adamw"``: updates as large as AdamW's, so its learning rates fit).

    A matrix has the inputs of a layer as its rows, its outputs as its columns, as kernels of Keras.
    The last axis of a variable is the outputs and all others together are the inputs, so the kernel
    of a convolution is a matrix of (height * width * channels, filters). `output_axes` and
    `batch_axes` say otherwise, by globs on paths of which the first that matches counts:
    ``output_axes={"*/query/kernel": (1, 2)}`` for a kernel of (inputs, heads, size), and
    ``batch_axes={"experts/*": (0,)}`` for a stack of matrices, each one by itself.

    Matrices are all variables of rank 2 and more, or of these the ones that `only` selects, without
    those that `skip` does: embeddings and the last layer belong there. All other variables are
    updated by `fallback`, with its own learning rate, decay and state, which is
    ``optimizer.nested["fallback"]``. The keyword `weight_decay` is the decay of the matrices.

    State: the slot `momentum`. Variables must be real.

    Raises
    ------
    ConfigError
        If a glob matches no path, or axes of `output_axes` and `batch_axes` do not fit a variable.

    Differs from
    ------------
    The authors' code, which has no bias corrections and iterates in bfloat16. This is optax' form,
    in the precision of the variable.

    References
    ----------
    Jordan, Jin, Boza, You, Cesista, Newhouse and Bernstein 2024, "Muon: An optimizer for hidden
    layers in neural networks". Liu et al. 2025, "Muon is Scalable for LLM Training",
    arXiv:2502.16982, for ``"match_rms_adamw"``.

    Examples
    --------
    >>> import tensorflow as tf
    >>> kernel, bias = tf.Variable([[0.0, 0.0], [0.0, 0.0]], name="kernel"), tf.Variable([1.0], name="bias")
    >>> optimizer = Muon(learning_rate=1.0, fallback={"use": "sgd", "learning_rate": 0.5})
    >>> gradients = [tf.constant([[9.0, 0.0], [0.0, -3.0]]), tf.constant([1.0])]
    >>> _ = optimizer.apply_gradients(zip(gradients, [kernel, bias]))
    >>> kernel.numpy().round(1)
    array([[-0.8,  0. ],
           [ 0. ,  1.1]], dtype=float32)
    >>> bias.numpy()
    array([0.5], dtype=float32)
    """

    Config: ClassVar[type[MuonConfig]] = MuonConfig

    def groups(self, variables: Sequence[Variable]) -> dict[str, tuple[OptimizerConfig, Sequence[Variable]]]:
        """Hand what is no matrix to the fallback."""
        for field in ("output_axes", "batch_axes"):
            self.select(Selection(only=tuple(getattr(self.config, field))), variables, f"{self.name}.{field}")
        wanted = Selection(only=self.config.only, skip=self.config.skip)
        # The rank is not selected but given: a model may have no matrices.
        matrices = [each for each in self.select(wanted, variables, self.name) if (each.shape.rank or 0) >= 2]
        # Refuses axes that do not fit before there is any state.
        for variable in matrices:
            self._axes(self.path(variable), variable.shape.rank)
        # By id: `==` compares the elements of variables.
        known = set(map(id, matrices))
        return {"fallback": (self.config.fallback, [each for each in variables if id(each) not in known])}

    def build(self, var_list: Sequence[Variable]) -> None:
        """Create the state slot."""
        super().build(var_list)
        self.momentum = self.add_slot("momentum")

    def stack_key(self, variable: Variable) -> Hashable:
        """Keep apart what has other axes."""
        return tuple(map(tuple, self._axes(self.path(variable), variable.shape.rank)))

    def update_step(self, gradient: Tensor, variable: Working) -> None:
        """Apply one gradient to one variable."""
        beta, average = self.scalar(self.config.momentum, variable), self.momentum[variable]
        gradient = numerics.limited(gradient, power=1)
        average.assign_add((gradient - average) * (1 - beta))
        now, ahead = self.once(self._bias_corrections, variable)
        shape = variable.shape[1:] if variable.stacked else variable.shape
        axes = self._axes(variable.path, shape.rank)
        _, inputs, outputs = (prod(shape[axis] for axis in part) for part in axes)

        def direction(average: Tensor, gradient: Tensor) -> list[Tensor]:
            if self.config.nesterov:
                m_hat = average * (beta / ahead) + gradient * ((1 - beta) / now)
            else:
                m_hat = average / now
            return [self._orthogonal(m_hat, axes)]

        (update,) = numerics.each(direction, [average.value, gradient], variable.stacked)
        variable.assign_sub(update * (self.rate(variable) * self._scale(inputs, outputs)))

    def _orthogonal(self, x: Tensor, axes: tuple[list[int], list[int], list[int]]) -> Tensor:
        """Return `x` with the matrices of its axes made orthogonal."""
        shape, order = x.shape.as_list(), [axis for part in axes for axis in part]
        batch, inputs, outputs = (prod(shape[axis] for axis in part) for part in axes)
        matrix = tf.reshape(tf.transpose(x, order), [*([batch] if axes[0] else []), inputs, outputs])
        matrix = newton_schulz(
            matrix,
            steps=self.config.ns_steps,
            coefficients=self.config.ns_coefficients,
            epsilon=self.config.epsilon,
        )
        direction = tf.reshape(matrix, [shape[axis] for axis in order])
        return tf.transpose(direction, [order.index(axis) for axis in range(len(order))])

    def _bias_corrections(self, dtype: DType) -> tuple[Tensor, Tensor]:
        """Return ``1 - beta^t`` and ``1 - beta^(t+1)``."""
        beta = self.config.momentum
        return self.bias_correction(beta, dtype), self.bias_correction(beta, dtype, ahead=1)

    def _scale(self, inputs: int, outputs: int) -> float:
        if self.config.scale == "match_rms_adamw":
            return 0.2 * sqrt(max(inputs, outputs))
        return sqrt(max(1.0, outputs / max(inputs, 1)))

    def _axes(self, path: str, rank: int) -> tuple[list[int], list[int], list[int]]:
        """Return the axes of a variable that count matrices, inputs and outputs."""
        batch, outputs = (
            self._declared(field, path, rank, default)
            for field, default in (("batch_axes", ()), ("output_axes", (-1,)))
        )
        inputs = [axis for axis in range(rank) if axis not in {*batch, *outputs}]
        if not inputs or not outputs or set(batch) & set(outputs):
            raise ConfigError(
                f"{path} must have axes for the inputs and for the outputs of a matrix",
                where=f"{self.name}.output_axes",
                received={"rank": rank, "batch_axes": batch, "output_axes": outputs},
                hint="name other axes, or list the variable in `skip`",
            )
        return batch, inputs, outputs

    def _declared(self, field: str, path: str, rank: int, default: tuple[int, ...]) -> list[int]:
        given: Mapping[str, tuple[int, ...]] = getattr(self.config, field)
        axes = next((axes for pattern, axes in given.items() if Selection.matches(path, pattern)), default)
        counted = sorted({axis % rank for axis in axes if -rank <= axis < rank})
        if len(counted) < len(axes):
            rule = f"{path} has axes from 0 to {rank - 1}, each of which can be named once"
            raise ConfigError(rule, where=f"{self.name}.{field}", received=axes)
        return counted

"""Optimizers that are not on a mesh what they are without one."""

from __future__ import annotations

import tensorflow as tf
from tensorflow.experimental import dtensor

from optiplug_sgd.config import SGDConfig
from optiplug_sgd.sgd import SGD
from support.mutants.mutant import breaks


@breaks("same_on_a_mesh", "on a mesh: variable")
class DrawsNumbersForEachPart(SGD):
    def update_step(self, gradient, variable):
        noise = tf.random.stateless_normal(gradient.shape, [1, 2], dtype=gradient.dtype)
        super().update_step(gradient + noise * variable, variable)


@breaks("same_on_a_mesh", "(?s).*")
class MultipliesAMatrixByItself(SGD):
    def update_step(self, gradient, variable):
        if gradient.shape.rank == 2:
            gradient = gradient @ tf.matmul(gradient, gradient, transpose_a=True)
        super().update_step(gradient, variable)


@breaks("same_on_a_mesh", "must be laid out as its variable", momentum=0.9)
class KeepsItsStateWhole(SGD):
    def build(self, variables):
        super().build(variables)
        for name, state in self.state.states.items():
            if name.startswith("momentum/") and isinstance(state.variable, dtensor.DVariable):
                whole = dtensor.Layout.replicated(variables[0].layout.mesh, state.shape.rank)
                state.variable = dtensor.DVariable(dtensor.relayout(state.variable.read_value(), whole))


@breaks("same_on_a_mesh", "`no_mesh` must be empty: it runs on a mesh. Received: 'nobody has tried'")
class SaysThatItCannotThoughItCan(SGD):
    class Config(SGDConfig):
        """As any other."""

        no_mesh = "nobody has tried"

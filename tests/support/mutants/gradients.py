"""Optimizers that do not take every gradient."""

from __future__ import annotations

import tensorflow as tf

from optiplug_sgd.sgd import SGD
from support.mutants.mutant import breaks


@breaks("dense_equals_sparse", "with IndexedSlices: variable encoder/table differs")
class TakesTheLastOfDuplicateRows(SGD):
    def apply_gradients(self, pairs, **keywords):
        return super().apply_gradients(
            [(self._dense(each), variable) for each, variable in pairs], **keywords
        )

    @staticmethod
    def _dense(gradient):
        if not isinstance(gradient, tf.IndexedSlices):
            return gradient
        zeros = tf.zeros(gradient.dense_shape, gradient.dtype)
        return tf.tensor_scatter_nd_update(zeros, gradient.indices[:, None], gradient.values)


@breaks("order_does_not_matter", "in reverse order: ")
class SharesStateBetweenVariables(SGD):
    def build(self, variables):
        super().build(variables)
        self.size = self.add_state("size")

    def update_step(self, gradient, variable):
        self.size.assign(0.5 * self.size.value + 0.5 * tf.reduce_mean(tf.abs(gradient)))
        super().update_step(gradient / (1.0 + self.size.value), variable)


@breaks("accepts_every_dtype", "must not pass through float32")
class ComputesInFloat32(SGD):
    def update_step(self, gradient, variable):
        single = tf.cast(variable.value, tf.float32) - 0.01 * tf.cast(gradient, tf.float32)
        variable.assign(tf.cast(single, variable.dtype))


@breaks("accepts_every_dtype", "momentum/float64: the state of a float64 variable must be float64")
class KeepsItsStateInFloat32(SGD):
    def build(self, variables):
        super().build(variables)
        self.momentum = self.add_slot("momentum", dtype="float32")

    def update_step(self, gradient, variable):
        velocity = self.momentum[variable]
        velocity.assign(0.9 * velocity.value + tf.cast(gradient, tf.float32))
        variable.assign_sub(self.rate(variable) * tf.cast(velocity.value, variable.dtype))


@breaks("accepts_every_dtype", "(?i)float")
class MultipliesByAFloat32(SGD):
    def update_step(self, gradient, variable):
        super().update_step(gradient * tf.constant(0.5), variable)


@breaks("accepts_every_shape", "(?i)axis|dimension")
class WantsAnAxis(SGD):
    def update_step(self, gradient, variable):
        super().update_step(gradient - tf.reduce_mean(gradient, axis=0, keepdims=True), variable)

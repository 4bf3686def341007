"""A formula of its own inherits no promise, such as to be elementwise."""

import numpy as np
import tensorflow as tf

from optiplug._optimizer.parts import parts_of
from optiplug_sgd.sgd import SGD


def members(optimizer):
    return [
        [each.name.removesuffix(":0") for each in pack.members] for pack in parts_of(optimizer).packing.packs
    ]


class ByItsNorm(SGD):
    """What a class with a formula of its own inherits is no promise about that formula."""

    def update_step(self, gradient, variable):
        super().update_step(gradient / tf.norm(gradient), variable)


def test_a_formula_of_its_own_is_not_taken_for_elementwise():
    model = [tf.Variable([1.0, 1.0]), tf.Variable([1.0])]
    optimizer = ByItsNorm(1.0)
    optimizer.apply_gradients([(tf.constant([3.0, 4.0]), model[0]), (tf.constant([5.0]), model[1])])
    assert members(optimizer) == []
    np.testing.assert_allclose(model[0], [0.4, 0.2], rtol=1e-6)

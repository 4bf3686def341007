"""Optimizers and a processor that walk away with complex variables, or refuse them too late."""

from __future__ import annotations

import tensorflow as tf

from optiplug import GradientsError, Processor, ProcessorConfig, hookimpl
from optiplug_sgd.config import SGDConfig
from optiplug_sgd.sgd import SGD
from support.mutants.mutant import breaks


@breaks("complex_variables_right_or_refused", "turned by i: real part differs")
class SquaresComplexNumbers(SGD):
    class Config(SGDConfig):
        """Adagrad without its memory."""

        complex_variables = True

    def update_step(self, gradient, variable):
        super().update_step(gradient / tf.sqrt(1 + gradient * gradient), variable)


@breaks("complex_variables_right_or_refused", "real numbers in a complex variable: real part differs")
class HalvesComplexGradients(SGD):
    class Config(SGDConfig):
        """Gradient descent, half as fast."""

        complex_variables = True

    def update_step(self, gradient, variable):
        super().update_step(gradient / 2 if gradient.dtype.is_complex else gradient, variable)


@breaks("complex_variables_right_or_refused", "not in a step")
class RefusesInTheStep(SGD):
    def update_step(self, gradient, variable):
        if gradient.dtype.is_complex:
            raise GradientsError("not in a step")
        super().update_step(gradient, variable)


@breaks("complex_variables_right_or_refused", "a refusal must name the variable")
class RefusesWithoutAName(SGD):
    def build(self, variables):
        if any(variable.dtype.is_complex for variable in variables):
            raise GradientsError("only numbers on a line")
        super().build(variables)


@breaks("complex_variables_right_or_refused", "turned by i: real part differs")
class ClipsTheRealPart(Processor):
    class Config(ProcessorConfig):
        """Bound the real part of a gradient."""

        complex_variables = True

    @hookimpl
    def clip(self, gradients, step):
        return [self._clipped(each) for each in gradients]

    @staticmethod
    def _clipped(gradient):
        real = tf.clip_by_value(tf.math.real(gradient), -0.5, 0.5)
        return tf.complex(real, tf.math.imag(gradient)) if gradient.dtype.is_complex else real

"""Plugins with settings that do nothing."""

from __future__ import annotations

from optiplug import Processor, ProcessorConfig, hookimpl
from optiplug_sgd.config import SGDConfig
from optiplug_sgd.sgd import SGD
from support.mutants.mutant import breaks


@breaks("every_setting_acts", r"unread: must change something.*\[0\.25")
class ReadsNotAllOfItsSettings(SGD):
    class Config(SGDConfig):
        """Gradient descent."""

        unread: float = 0.5
        """A number."""


@breaks("every_setting_acts", "power: must change something.*`needs`")
class HasASettingOfAnother(Processor):
    class Config(ProcessorConfig):
        """A shift."""

        shift: float = 0.0
        """What is added."""
        power: int = 1
        """How often it is added."""

    @hookimpl
    def clip(self, gradients, step):
        return [gradient + self.config.shift * self.config.power for gradient in gradients]


@breaks("comes_back_from_its_config", "made of `get_config`: learning_rate differs")
class ForgetsTheRateThatWasSet(SGD):
    def get_config(self):
        return self.config.dump()


@breaks("comes_back_from_its_config", "must make the same step", momentum=0.9)
class ForgetsASetting(SGD):
    def get_config(self):
        return {**super().get_config(), "momentum": 0.5}

"""The config of optimizer classes that have none of their own, such as those written for Keras."""

from __future__ import annotations

from optiplug._config.kinds import OptimizerConfig

__all__ = ["ClassConfig"]


class ClassConfig(OptimizerConfig):
    """The config of an optimizer class that has none of its own: the fields that all optimizers share."""

    implementation = "optiplug._optimizer.optimizer:Optimizer"

    def _is_set(self, name: str) -> bool:  # of any field
        # Its constructor hands over all that it takes, with defaults of its own.
        return False

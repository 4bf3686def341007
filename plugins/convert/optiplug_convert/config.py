"""What can be said of the command."""

from __future__ import annotations

from optiplug import CommandConfig

__all__ = ["ConvertConfig", "ConvertStateConfig"]


class ConvertConfig(CommandConfig):
    """Convert an optimizer of Keras, TensorFlow Addons, Model Garden, torch or optax into a config."""

    implementation = "optiplug_convert.command:convert"


class ConvertStateConfig(CommandConfig):
    """Write the state of an optimizer that Keras saved with a model as a checkpoint of ours."""

    implementation = "optiplug_convert.state_command:convert_state"

"""Learning rates that fall from layer to layer."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from optiplug import ConfigError, Processor, Selection, Step, Tensor, hookimpl

from .configs.layerwise_decay import LayerwiseDecayConfig

__all__ = ["LayerwiseDecay"]


class LayerwiseDecay(Processor):
    """Layerwise learning rate decay, from the output to the input.

    ``learning_rate <- learning_rate * decay^(n - 1 - i)`` for the variables of layer ``i`` of ``n``,
    counted from 0: the last layer listed keeps its rate. Decoupled weight decay goes by the changed
    rate too. `layers` has a glob for each layer, from the input to the output; `rest` is the factor of
    variables that are in no layer. ``*`` crosses ``/``, so write ``block_1/*``, which leaves
    ``block_10/kernel`` out.

    Raises
    ------
    ConfigError
        If a number is out of its bounds; when the first step is made, if a layer matches no
        variable, or a variable more than one layer.

    References
    ----------
    Clark, Luong, Le and Manning 2020, "ELECTRA: Pre-training Text Encoders as Discriminators Rather
    Than Generators", arXiv:2003.10555.

    Examples
    --------
    >>> import tensorflow as tf
    >>> import optiplug
    >>> names = ["embedding/table", "block/kernel", "head/kernel"]
    >>> variables = [tf.Variable(0.0, name=name) for name in names]
    >>> layers = LayerwiseDecay(["embedding/*", "block/*", "head/*"], decay=0.5)
    >>> optimizer = optiplug.create("sgd", learning_rate=1.0, processors=[layers])
    >>> _ = optimizer.apply_gradients([(tf.constant(-1.0), variable) for variable in variables])
    >>> print(*[variable.numpy() for variable in variables])
    0.25 0.5 1.0
    """

    Config = LayerwiseDecayConfig

    @hookimpl
    def rate(self, rates: Sequence[Tensor], step: Step) -> list[Tensor]:
        """Scale the rate of each variable by its layer's factor."""
        layers = self._layers([variable.path for variable in step.every_variable])
        pairs = zip(rates, step.variables, strict=True)
        return [rate * self._factor(layers.get(variable.path), rate, step) for rate, variable in pairs]

    def _factor(self, layer: int | None, rate: Tensor, step: Step) -> Tensor:
        if layer is None:
            return step.scalar(self.config.rest, rate)
        return step.scalar(self.config.decay, rate) ** (len(self.config.layers) - 1 - layer)

    def _layers(self, paths: Sequence[str]) -> dict[str, int]:
        """Return the number of the layer of each path that is in one."""
        layers: dict[str, int] = {}
        for number, pattern in enumerate(self.config.layers):
            matching = [path for path in paths if Selection.matches(path, pattern)]
            if not matching and not Selection.is_optional(pattern):
                rule = "a layer must match at least one variable path"
                hint = _nearest(pattern, paths)
                raise ConfigError(rule, where=self._where(number), received=pattern, hint=hint)
            for path in matching:
                if path in layers:
                    rule = f"a variable must be in one layer, and {path!r} is in another one already"
                    hint = f"that is {self.config.layers[layers[path]]!r}"
                    raise ConfigError(rule, where=self._where(number), received=pattern, hint=hint)
                layers[path] = number
        return layers

    def _where(self, number: int) -> str:
        return f"{self.owner}.layers[{number}]"


def _nearest(pattern: str, paths: Sequence[str]) -> str:
    close = get_close_matches(pattern, paths, n=1)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"the paths are {', '.join(paths[:8])}{', ...' if len(paths) > 8 else ''}"

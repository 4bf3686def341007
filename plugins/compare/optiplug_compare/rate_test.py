"""The learning-rate range test: the rate grows until the loss does."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, TypeAlias

from optiplug import ConfigError, OptimizerConfig, Section
from optiplug_lab.config import MULTI_WORKER, TrainConfig

__all__ = ["HIGHEST", "LOWEST", "STEPS", "RateTest", "find_rate"]

LOWEST, HIGHEST, STEPS = 1e-7, 10.0, 100

_MEMORY = 0.98  # of the smoothed loss, as that of fastai
_RISE = 4.0  # the test is over where the loss is so many times its least
_FEWEST = 10
_LAST = 5  # values that are not looked at
_BEGUN = 0.05
_SCHEDULE, _SCALE = "exponential", "learning_rate_scale"


End: TypeAlias = Literal["tried", "risen", "not finite"]


@dataclass(frozen=True)
class RateTest:
    """What the loss did while the learning rate grew, and the rates that this suggests.

    `losses` are those of the batches at their `rates`, and `smoothed` their running mean. `steepest` is the
    rate at which that falls fastest, `valley` the one in the middle of its longest fall; None where it falls
    by no more than batches differ. `ended` says why the test was over: all rates were tried, the loss has
    risen to four times its least, or it was no finite number any more. `scaled` is the path of the optimizer
    whose rate this is; the others in it keep their ratio to it.
    """

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    smoothed: tuple[float, ...]
    steepest: float | None
    valley: float | None
    ended: End
    scaled: str = "optimizer"
    others: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            name: list(value) if isinstance(value, tuple) else value for name, value in vars(self).items()
        }


def find_rate(
    config: TrainConfig,
    *,
    lowest: float = LOWEST,
    highest: float = HIGHEST,
    steps: int = STEPS,
    tell: Callable[[int], None] | None = None,
) -> RateTest:
    """Take steps of a run with a learning rate that grows exponentially, and say which rates are good ones.

    The test starts from the initial values of the run and leaves nothing behind. An optimizer with others
    inside of it has the rates of all multiplied by the same growing factor.

    Parameters
    ----------
    config
        A run; its number of steps does not count.
    lowest, highest
        The first rate and the last.
    steps
        How many rates are tried, at most.
    tell
        Is called with the number of rates that were tried, after each.

    Raises
    ------
    ConfigError
        If the optimizer has no learning rate, or that cannot be varied; if a rate or the number of steps is
        none to try.

    References
    ----------
    Smith 2017, "Cyclical Learning Rates for Training Neural Networks", arXiv:1506.01186, section 3.3.
    Where the test ends, the running mean and both suggestions are as in `lr_find` of fastai; but a fall
    begins where a twentieth of it is done, since a loss without noise falls from the first rate on.

    Examples
    --------
    >>> from optiplug_lab.config import TrainConfig
    >>> run = TrainConfig(task="digits", optimizer={"use": "sgd", "momentum": 0.9}, steps=1)
    >>> test = find_rate(run)  # doctest: +SKIP
    >>> test.valley  # doctest: +SKIP
    0.01
    """
    _require_range(lowest, highest, steps)
    if config.strategy == MULTI_WORKER:
        rule = "must be that of one process: the test is one of the optimizer and not of its workers"
        raise ConfigError(rule, where="strategy", received=config.strategy)
    scaled, others, varied = _varied(config, lowest, highest, steps)
    rates = [lowest * (highest / lowest) ** (step / (steps - 1)) for step in range(steps)]
    losses, smoothed, ended = _losses(varied, tell or _told_nobody)
    tried = tuple(rates[: len(losses)])
    steepest, valley = _suggestions(tried, smoothed, losses)
    return RateTest(tried, tuple(losses), tuple(smoothed), steepest, valley, ended, scaled, others)


def _require_range(lowest: float, highest: float, steps: int) -> None:
    if not 0 < lowest < highest < math.inf:
        rule = "must be a number > 0 and less than the highest rate"
        raise ConfigError(rule, where="lowest", received=lowest, hint=f"the highest is {highest:g}")
    if steps < _FEWEST:
        raise ConfigError(f"must be {_FEWEST} or more", where="steps", received=steps)


def _varied(
    config: TrainConfig, lowest: float, highest: float, steps: int
) -> tuple[str, tuple[str, ...], TrainConfig]:
    """Return the path of the optimizer whose rate grows, of those that follow it, and the run with that."""
    rates = list(_rates("optimizer", config.optimizer))
    if not rates:
        name = type(config.optimizer).__name__
        raise ConfigError(
            f"has no learning rate that could be varied: {name} has no such field", where="optimizer"
        )
    scaled, optimizer = rates[0]
    if len(rates) == 1 and optimizer is config.optimizer:
        fields = _given(optimizer) | {"learning_rate": _growing(lowest, highest, steps)}
    else:
        own = optimizer.learning_rate
        if not isinstance(own, float) or not own:
            rule = "must be a number > 0, as other rates keep their ratio to it"
            hint = f"`--set {scaled}.learning_rate=0.01` gives one"
            raise ConfigError(rule, where=f"{scaled}.learning_rate", received=own, hint=hint)
        factor = _growing(lowest / own, highest / own, steps)
        scale = {"use": _SCALE, "name": "rate_test", "factor": factor}
        fields = _given(config.optimizer) | {"processors": (*config.optimizer.processors, scale)}
    varied = type(config.optimizer)(**fields)
    run = config.model_copy(update={"optimizer": varied, "steps": steps})
    return scaled, tuple(path for path, _ in rates[1:]), run


def _given(optimizer: OptimizerConfig) -> dict[str, Any]:
    # A default may be refused beside others.
    return {name: getattr(optimizer, name) for name in optimizer.model_fields_set}


def _growing(lowest: float, highest: float, steps: int) -> dict[str, Any]:
    # Over one step, since the factor over all of them may be infinite in float32.
    factor = (highest / lowest) ** (1 / (steps - 1))
    return {"use": _SCHEDULE, "initial_learning_rate": lowest, "decay_steps": 1, "decay_rate": factor}


def _rates(path: str, part: object) -> Iterator[tuple[str, Any]]:
    """Yield the optimizers in a config that have a learning rate, the outer ones first, by their paths."""
    if isinstance(part, OptimizerConfig) and getattr(part, "learning_rate", None) is not None:
        yield path, part
    if isinstance(part, Section):
        part = {name: value for name, value in part if name != "processors"}
    if isinstance(part, Mapping):
        for name, value in part.items():
            yield from _rates(f"{path}.{name}", value)
    elif isinstance(part, tuple | list):
        for number, value in enumerate(part):
            yield from _rates(f"{path}[{number}]", value)


def _losses(config: TrainConfig, tell: Callable[[int], None]) -> tuple[list[float], list[float], End]:
    """Return the losses of the steps, their running means, and why there are no more of them."""
    import tensorflow as tf

    from optiplug_lab.trainer import Trainer

    trainer, losses, smoothed, mean = Trainer(config), list[float](), list[float](), 0.0
    for step in range(config.steps):
        loss = float(trainer.step(tf.constant(step, tf.int64))[0])
        if not math.isfinite(loss):
            return losses, smoothed, "not finite"
        mean = _MEMORY * mean + (1 - _MEMORY) * loss
        losses.append(loss)
        tell(len(losses))
        # The mean began at 0.
        smoothed.append(mean / (1 - _MEMORY ** (step + 1)))
        least = min(smoothed)
        if smoothed[-1] - least > (_RISE - 1) * abs(least):
            return losses, smoothed, "risen"
    return losses, smoothed, "tried"


def _suggestions(
    rates: Sequence[float], smoothed: Sequence[float], losses: Sequence[float]
) -> tuple[float | None, float | None]:
    """Return the rate of the steepest fall, and the one in the middle of the longest; None without a fall."""
    # The mean is one of few losses at first, and rises at the end.
    left, right = len(rates) // 10, max(len(rates) - _LAST, 0)
    values = smoothed[left:right]
    if len(values) < _FEWEST // 2:
        return None, None
    end, length = _longest_fall(values)
    bottom = min(range(len(values)), key=values.__getitem__)
    top = max(values[: bottom + 1])
    # Batches differ, and a loss that only does so falls somewhere, too.
    changes = sorted(abs(one - other) for one, other in pairwise(losses))
    if top - values[bottom] <= changes[len(changes) // 2] / 2:
        return None, None
    begun = max(step for step in range(bottom) if values[step] >= top - _BEGUN * (top - values[bottom]))
    start = min(max(end - length, begun), end)
    steepest = min(range(begun, bottom), key=lambda step: values[step + 1] - values[step])
    return rates[left + steepest], rates[left + (start + end) // 2]


def _longest_fall(values: Sequence[float]) -> tuple[int, int]:
    """Return where the longest subsequence of falling values ends, and how many it has.

    >>> _longest_fall([3.0, 3.1, 2.5, 2.6, 2.0, 1.0, 4.0])
    (5, 4)
    """
    lengths: list[int] = []
    for step, value in enumerate(values):
        lengths.append(1 + max((lengths[each] for each in range(step) if values[each] > value), default=0))
    end = max(range(len(values)), key=lengths.__getitem__)
    return end, lengths[end]


def _told_nobody(tried: int) -> None:
    pass

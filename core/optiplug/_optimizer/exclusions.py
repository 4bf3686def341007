"""Variables without weight decay, as Keras' `exclude_from_weight_decay` names them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from glob import escape

from optiplug._types import Variable
from optiplug._variables.model_variables import ModelVariables, unwrapped

__all__ = ["DecayExclusions"]


class DecayExclusions:
    """Excluded variables, and regular expressions on variable names."""

    def __init__(self) -> None:
        # By `id`, since a tf.Variable is not hashable; the variable is kept so that its id stays its own.
        self._variables: dict[int, Variable] = {}
        self._patterns: list[re.Pattern[str]] = []

    def add(self, variables: Iterable[Variable], patterns: Iterable[str]) -> None:
        """Exclude these variables, and all whose name a pattern is found in."""
        self._variables |= {id(each): each for each in map(unwrapped, variables)}
        self._patterns += [re.compile(pattern) for pattern in patterns]

    def add_all(self, other: DecayExclusions) -> None:
        """Exclude what another optimizer excludes."""
        self._variables |= other._variables
        self._patterns += other._patterns

    def globs(self, known: ModelVariables) -> tuple[str, ...]:
        """Return globs that match the paths of the excluded variables, and of no others."""
        return tuple(
            # A name may contain `[` or `*`, which a glob would not take literally.
            escape(known.path(variable))
            for variable in known
            if id(variable) in self._variables
            or any(
                pattern.search(name)
                for pattern in self._patterns
                for name in (known.path(variable), variable.name)
            )
        )

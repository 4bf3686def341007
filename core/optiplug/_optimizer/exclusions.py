"""Variables without weight decay, as `exclude_from_weight_decay` names them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from glob import escape

from optiplug import _distribution as distribution
from optiplug._config.hyperparameters import REGULAR, checked_pattern
from optiplug._config.kinds import Selection
from optiplug._config.variable_selection import require_matches
from optiplug._types import Variable
from optiplug._variables.model_variables import ModelVariables, unwrapped
from optiplug.errors import BuildError, ConfigError

__all__ = ["DecayExclusions"]


class DecayExclusions:
    """What weight decay leaves alone: patterns of the config and of the method, and variables.

    `outer` are those of the optimizer around, which hold here, too.
    """

    def __init__(self, configured: Sequence[str]) -> None:
        self._configured = tuple(configured)
        self.outer: DecayExclusions | None = None
        # By `id`, since a tf.Variable is not hashable; the variable is kept so that its id stays its own.
        self._variables: dict[int, Variable] = {}
        self._patterns: dict[str, None] = {}

    def __bool__(self) -> bool:
        return bool(self._configured or self._patterns or self._variables)

    def add(self, variables: Iterable[Variable], patterns: Iterable[str], where: str) -> None:
        """Exclude these variables, and all in whose path a regular expression is found."""
        if isinstance(patterns, str):
            hint = f"write [{patterns!r}]"
            raise ConfigError("must be a list", where=f"{where}.var_names", received=patterns, hint=hint)
        checked = [checked_pattern(f"{REGULAR}{pattern}") for pattern in patterns]
        self._variables |= {id(each): each for each in map(unwrapped, distribution.all_shards(variables))}
        self._patterns |= dict.fromkeys(checked)

    def add_all(self, other: DecayExclusions) -> None:
        """Exclude what another optimizer excludes."""
        self._variables |= other._variables
        self._patterns |= other._patterns

    def excludes(self, variable: Variable, path: str) -> bool:
        """Whether weight decay leaves alone the variable of this path."""
        if id(variable) in self._variables or any(Selection.matches(path, each) for each in self._all):
            return True
        return self.outer is not None and self.outer.excludes(variable, path)

    def patterns(self, known: ModelVariables, where: str, *, built: bool) -> list[str]:
        """Return patterns that exclude the same, for a config.

        Raises
        ------
        BuildError
            If a variable is excluded by itself and has no path yet.
        """
        unknown = [each.name for each in self._variables.values() if each not in known]
        if unknown and not built:
            raise BuildError(
                "variables that are excluded by themselves can be told in a config when they have paths",
                where=f"{where}.exclude_from_weight_decay",
                received=unknown,
                hint="build the optimizer first, or exclude them by `var_names`",
            )
        globs = [_glob(known.path(each), known) for each in self._variables.values() if each in known]
        # Those of the config as they are, so that it comes back equal.
        added = dict.fromkeys([*self._patterns, *globs])
        return [*self._configured, *(each for each in added if each not in self._configured)]

    def require(self, paths: Sequence[str], where: str) -> None:
        """Refuse globs of the config that match none of these paths, those of the whole model.

        A regular expression may match nothing: as in Keras, it says what is left alone where it occurs.

        Raises
        ------
        ConfigError
            If a glob matches no path.
        """
        require_matches(self._globs, paths, where)

    def require_some_left(self, paths: Sequence[str], where: str) -> None:
        """Raise `ConfigError` if globs of the config exclude all of these paths."""
        if all(any(Selection.matches(path, glob) for glob in self._globs) for path in paths):
            raise ConfigError(
                "must leave a variable to weight decay: all of them are excluded",
                where=where,
                received=list(self._globs),
                hint="give no weight decay instead",
            )

    @property
    def _globs(self) -> list[str]:
        return [each for each in self._configured if not each.startswith(REGULAR)]

    @property
    def _all(self) -> Sequence[str]:
        return (*self._configured, *self._patterns)


def _glob(path: str, known: ModelVariables) -> str:
    """Return a glob on this path and no other, which holds in a model that was saved and loaded, too."""
    names, others = path.split("/"), [known.path(each) for each in known if known.path(each) != path]
    # Keras puts the name of a model before those of its layers when it builds it, not when it loads it.
    for count in range(2, len(names) + 1):
        # A name may contain `[` or `*`, which a glob would not take literally.
        glob = "*" + escape("/".join(names[-count:]))
        if not any(Selection.matches(other, glob) for other in others):
            return glob
    return escape(path)

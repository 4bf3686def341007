"""The variables of a model of Keras, as an adapter meets them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from optiplug import Identity, Variable

__all__ = ["TrainedVariables"]


class TrainedVariables:
    """The variables of the model that an optimizer has met, by path, and those that are trained, in order."""

    def __init__(self) -> None:
        self.known: dict[str, Variable] = {}
        self.trained: list[str] = []
        self._last: list[int] = []

    def are(self, variables: Sequence[Variable]) -> bool:
        """Whether these are the variables that were trained last."""
        before, self._last = self._last, list(map(id, variables))
        return before == self._last

    def meet(self, trained: Mapping[str, Variable]) -> dict[str, Variable]:
        """Take the variables that are trained now, in the order of the model, and return the late ones."""
        late = {path: each for path, each in trained.items() if path not in self.known}
        self.known |= late
        self.trained = list(trained)
        return late

    def identities(self, paths: Iterable[str]) -> list[Identity]:
        """Return the identities that some of them have now."""
        places = {path: place for place, path in enumerate(self.trained)}
        return [Identity.of(self.known[path].numpy(), path, places.get(path)) for path in paths]

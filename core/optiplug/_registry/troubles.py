"""What is wrong with a plugin or with the distribution that brings it."""

from __future__ import annotations

from dataclasses import dataclass

from optiplug.errors import sentence

__all__ = ["Trouble"]


@dataclass(frozen=True)
class Trouble:
    """One thing that is wrong, where, and what to do about it.

    `what` is a word for programs; `where` names the plugin or the distribution, `path` is the folder of its
    metadata. `usable` says that it is only worth knowing: everything on offer can be used for all that.
    `names` has the kinds and names that are not on offer for it.

    Examples
    --------
    >>> print(Trouble("unreadable", "swift", "/lib/swift.dist-info", "METADATA has no Name", "repair it"))
    swift (/lib/swift.dist-info): METADATA has no Name. Hint: repair it.
    """

    what: str
    where: str
    path: str
    reason: str
    hint: str
    usable: bool = False
    names: tuple[tuple[str, str], ...] = ()

    def as_json(self) -> dict[str, str]:
        """Return all that is told as JSON values; `severity` is "warning" where everything can be used."""
        texts = {name: getattr(self, name) for name in ("what", "where", "path", "reason", "hint")}
        return {"severity": "warning" if self.usable else "error", **texts}

    def __str__(self) -> str:
        place = f"{self.where} ({self.path})" if self.path else self.where
        return sentence(self.reason, where=place, hint=self.hint)

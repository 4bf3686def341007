"""Which trials are running, as the locks of their processes say."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from pathlib import Path

from optiplug import OptiplugError
from optiplug.checkpoint.claim import LOCK, Claim, Owner

__all__ = ["SILENCE", "TrialClaims"]

SILENCE = 600.0
"""Seconds after which a process on another machine that gave no sign of life is taken to be gone."""

_SIGN_OF_LIFE = 30.0


class TrialClaims:
    """The claims on running trials, a folder each, and those that this process holds.

    A claim is free as soon as its process is gone, however it went: the kernel sees to that. Of another
    machine the kernel is not sure to know; what it holds is touched twice a minute, and counts as free when
    that has not happened for `SILENCE`.

    Parameters
    ----------
    folder
        Where the folders of the trials are made.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: dict[int, Claim] = {}
        self._ended = threading.Event()
        self._signs: threading.Thread | None = None

    def take(self, number: int) -> bool:
        """Take a trial, and say whether it was free."""
        if number in self._held:
            return False
        folder = self._folder / str(number)
        folder.mkdir(parents=True, exist_ok=True)
        if self._is_silent(folder / LOCK):
            (folder / LOCK).unlink(missing_ok=True)
        # Of whom it was taken over, the journal says.
        claim = Claim(folder, say=lambda _: None)
        try:
            claim.acquire()
        except OptiplugError:
            return False
        self._held[number] = claim
        if self._signs is None:
            self._signs = threading.Thread(target=self._give_signs, daemon=True)
            self._signs.start()
        return True

    def release(self, number: int) -> None:
        """Give a trial back, which has ended."""
        claim = self._held.pop(number, None)
        if claim is not None:
            claim.release()
            with contextlib.suppress(OSError):  # somebody else has looked at it
                claim.folder.rmdir()

    def close(self) -> None:
        """Give all back."""
        self._ended.set()
        for number in list(self._held):
            self.release(number)

    def _is_silent(self, path: Path) -> bool:
        try:
            owner = Owner(**json.loads(path.read_bytes()))
            since = path.stat().st_mtime
        except (OSError, ValueError, TypeError):
            return False
        return owner.elsewhere(Owner.here()) and self._now() - since > SILENCE

    def _now(self) -> float:
        """Return the time as the file system has it, whose clock may be another one."""
        os.utime(self._folder)
        return self._folder.stat().st_mtime

    def _give_signs(self) -> None:
        while not self._ended.wait(_SIGN_OF_LIFE):
            for claim in list(self._held.values()):
                with contextlib.suppress(OSError):
                    os.utime(claim.folder / LOCK)

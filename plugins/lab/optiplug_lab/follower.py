"""What a worker that is not the chief does where the chief saves and restores."""

from __future__ import annotations

import tempfile
from pathlib import Path

from optiplug.checkpoint import Checkpoints

from .trainer import Trainer

__all__ = ["Follower"]


class Follower:
    """Restores what the chief restores, and takes part in saving where state is spread over the workers.

    Parameters
    ----------
    trainer, checkpoints
        What is restored and saved, and where the chief saves.
    """

    def __init__(self, trainer: Trainer, checkpoints: Path) -> None:
        self._values, self._source = trainer.values, checkpoints
        self._folder = tempfile.TemporaryDirectory() if trainer.is_sharded else None
        # Each worker has a part of the state, so all have to read it at a time; what is not the chief's goes.
        self._checkpoints = Checkpoints(self._folder.name, self._values, keep=1) if self._folder else None

    def restore(self, step: int) -> int:
        """Restore the step that the chief restores."""
        return Checkpoints(self._source, self._values).restore(step).step

    def save(self, step: int) -> None:
        """Take part in a save of the chief."""
        if self._checkpoints is not None and self._checkpoints.step != step:
            self._checkpoints.save(step)

    def close(self) -> None:
        """Remove what was saved here."""
        if self._checkpoints is not None and self._folder is not None:
            self._checkpoints.close()
            self._folder.cleanup()

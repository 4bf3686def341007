"""What decides the numbers of a run: config, data, versions of all that computes, replicas."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from optiplug.checkpoint import changes, identity_of
from optiplug.errors import ChangedInputsError

from .command import read_config
from .config import WITHOUT_EFFECT, TrainConfig
from .data import data_identity
from .trainer import Trainer

__all__ = ["Inputs", "refusal"]


class Inputs:
    """The inputs of a run as JSON values in sections, as its checkpoints keep them."""

    def __init__(self, config: TrainConfig, trainer: Trainer) -> None:
        data = data_identity(trainer.task, config.batch_size, config.seed)
        self.sections = identity_of(config, data=data, replicas=trainer.replicas, without=WITHOUT_EFFECT)
        # Another sort of device computes other bits.
        self.sections["device"] = trainer.device

    @property
    def versions(self) -> dict[str, str]:
        """The version of each distribution."""
        return {name: told["version"] for name, told in self.sections["versions"].items()}

    def changes_of(self, recorded: Path, allow_changed: Collection[str]) -> list[tuple[str, str, str]]:
        """Return what differs from a recorded config: name, what it was, what it is.

        Raises
        ------
        ChangedInputsError
            If that is in a section that is not among `allow_changed`.
        """
        config = read_config(recorded)
        before = identity_of(config, replicas=config.devices, without=WITHOUT_EFFECT)
        # How many workers there were is not in a config.
        told = {name: self.sections[name] for name in ("config", "replicas") if name in before}
        differing = list(changes({name: before[name] for name in told}, told))
        refused = [each for each in differing if _section(each) not in allow_changed]
        if refused:
            raise refusal(refused, recorded)
        return differing


def refusal(differences: Sequence[tuple[str, str, str]], where: Path) -> ChangedInputsError:
    """Return what refuses to go on with these differences."""
    names = ",".join(sorted(set(map(_section, differences))))
    return ChangedInputsError(
        f"the run has other inputs: {names}; nothing was changed",
        where=str(where),
        hint=f"`--allow-changed {names}` goes on and records it",
        differences=differences,
    )


def _section(difference: tuple[str, str, str]) -> str:
    return difference[0].partition(".")[0]

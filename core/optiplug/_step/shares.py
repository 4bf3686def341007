"""Shares of variables in a step: taken inside of the core of each replica, and put together after it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

import tensorflow as tf

from optiplug import _distribution as distribution
from optiplug._types import DType, Tensor, Variable
from optiplug._variables.capture import Frame
from optiplug._variables.packing import VariableOrPack
from optiplug._variables.share import Share
from optiplug.errors import HookError

from .share_guard import require_by_elements
from .step import Step

__all__ = ["Shares", "whole", "write_shares"]


class Shares:
    """The shares among the operands of a step that one replica has; `own` are its own variables, by `id`."""

    def __init__(self, operands: Iterable[VariableOrPack], own: Mapping[int, Variable], index: int) -> None:
        self._by_id = {id(each): each for each in operands if isinstance(each, Share)}
        self._own, self._index = own, index
        self._sources: list[Tensor] = []

    def __iter__(self) -> Iterator[Share]:
        return iter(self._by_id.values())

    def __len__(self) -> int:
        return len(self._by_id)

    def begin(self) -> dict[int, Tensor]:
        """Begin a step, and return what this replica has of each variable, by the `id` of the share."""
        begun = {key: self.old(share) for key, share in self._by_id.items()}
        self._sources = list(begun.values())
        return begun

    def old(self, share: Share) -> Tensor:
        """Return the values before the step."""
        return share.of(self._own[id(share.member)], self._index)

    def taken(self, operands: Sequence[VariableOrPack], gradients: Sequence[Tensor]) -> list[Tensor]:
        """Return the gradients of operands, of those that are shared this replica's share."""
        pairs = zip(operands, gradients, strict=True)
        taken = [(each, self._of(each, value) if isinstance(each, Share) else value) for each, value in pairs]
        self._sources += [value for each, value in taken if isinstance(each, Share)]
        return [value for _, value in taken]

    def _of(self, share: Share, gradient: Tensor) -> Tensor:
        return gradient if share.is_share(gradient) else share.of(gradient, self._index)

    def step(self, whole: Step, present: Sequence[VariableOrPack], every: Sequence[VariableOrPack]) -> Step:
        """Return a step that was begun over whole variables, over the shares of those from now on.

        Raises
        ------
        HookError
            If one of those variables was assigned as a whole, which would be lost.
        """
        _require_unassigned(self, whole.frame)
        return whole.over(present, every, {id(each.member): id(each) for each in self})

    def require_by_elements(self, frame: Frame, state: Mapping[int, Variable]) -> None:
        """Refuse a step that mixes elements of a share; `state` has that of shares by `id`."""
        known = {*self._by_id, *state}
        others = [each for each in frame.assigned if each.key not in known]
        require_by_elements(self._sources, state.values(), others)

    def rounded(self, ends: Mapping[int, Tensor]) -> dict[int, Tensor]:
        """Return new values, of shares in the dtype of their variables."""
        # Here, where it costs nothing: half as much is then sent.
        return {
            key: tf.cast(value, self._by_id[key].dtype) if key in self._by_id else value
            for key, value in ends.items()
        }


def whole(operands: Iterable[VariableOrPack]) -> list[VariableOrPack]:
    """Return operands with the variables in the place of their shares."""
    return [each.member if isinstance(each, Share) else each for each in operands]


def _require_unassigned(shares: Iterable[Share], frame: Frame) -> None:
    members = {id(share.member) for share in shares}
    assigned = [each.path for each in frame.assigned if each.key in members]
    if assigned:
        raise HookError(
            "a variable whose state is sharded cannot be assigned before the stage `share`",
            received=assigned,
            hint="assign it in `decay` or a later stage, or leave out `sharded_state`",
        )


def write_shares(shares: Sequence[Share], values: Sequence[Sequence[Tensor]]) -> None:
    """Put the shares of all replicas together, and assign them to the variables on each device.

    `values` has those of each device of this process. All replicas have to call it, in cross-replica context.
    """
    alike: defaultdict[DType, list[int]] = defaultdict(list)
    for place, share in enumerate(shares):
        alike[share.dtype].append(place)
    for places in alike.values():
        some = [shares[place] for place in places]
        own = [[new[place] for place in places] for new in values]
        _assign(some, distribution.gathered(shares[0].member, own))


def _assign(shares: Sequence[Share], rows: Sequence[Sequence[Tensor]]) -> None:
    for device, own in enumerate(rows):
        for share, piece in zip(shares, own, strict=True):
            member = distribution.local_shares(share.member)[device]
            with tf.device(member.device):
                member.assign(share.whole(piece), read_value=False)

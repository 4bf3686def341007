"""What the gates of a step decide, and hand on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

from optiplug._types import Tensor

__all__ = ["Decision", "Values"]

Values: TypeAlias = Mapping[str, Tensor]


class Decision(NamedTuple):
    """What the gates of a step hand to its core, or those before the sum over replicas to what follows it.

    `given` tells of each variable that waits whether it has a gradient; `assigned` holds the new state of
    gates that is to be written later, together with all else.
    """

    gradients: Sequence[Tensor]
    proceed: Tensor | bool
    given: Sequence[Tensor]
    assigned: Values | None = None

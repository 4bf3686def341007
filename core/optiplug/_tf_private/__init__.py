"""Private names of TensorFlow that the core uses: look here when an update breaks something.

Each function and class says which private name it rests on; tests/core/tf_private tries each.
"""

from __future__ import annotations

from .coordination import are_coordinated, collective_timeout, end_collectives, share_text, shared_text
from .graphs import (
    EagerTensor,
    TensorStandIn,
    branching,
    captured_by,
    converted,
    converted_for_caller,
    has_begun,
    is_out_of_scope,
    outside_function,
    plain_variable,
    signature,
    unique_id,
    with_outer,
    xla_compiles,
)
from .snapshots import SavedGraph, Snapshot, WritesFilesError, forget_restore, read_all, root_of, wrapped
from .trackables import (
    CheckpointNode,
    CheckpointValue,
    RestoredOnRelease,
    SavedObject,
    Trackable,
    children_of,
    forget_waiting,
    release,
    saved_dict,
    track,
)

__all__ = [
    "CheckpointNode",
    "CheckpointValue",
    "EagerTensor",
    "RestoredOnRelease",
    "SavedGraph",
    "SavedObject",
    "Snapshot",
    "TensorStandIn",
    "Trackable",
    "WritesFilesError",
    "are_coordinated",
    "branching",
    "captured_by",
    "children_of",
    "collective_timeout",
    "converted",
    "converted_for_caller",
    "end_collectives",
    "forget_restore",
    "forget_waiting",
    "has_begun",
    "is_out_of_scope",
    "outside_function",
    "plain_variable",
    "read_all",
    "release",
    "root_of",
    "saved_dict",
    "share_text",
    "shared_text",
    "signature",
    "track",
    "unique_id",
    "with_outer",
    "wrapped",
    "xla_compiles",
]

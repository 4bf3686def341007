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
    captured_tensor,
    converted,
    converted_for_caller,
    creating_strategy,
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
    ShardedVariable,
    Trackable,
    children_of,
    forget_waiting,
    release,
    saved_dict,
    sharded_whole,
    track,
)

__all__ = [
    "CheckpointNode",
    "CheckpointValue",
    "EagerTensor",
    "RestoredOnRelease",
    "SavedGraph",
    "SavedObject",
    "ShardedVariable",
    "Snapshot",
    "TensorStandIn",
    "Trackable",
    "WritesFilesError",
    "are_coordinated",
    "branching",
    "captured_by",
    "captured_tensor",
    "children_of",
    "collective_timeout",
    "converted",
    "converted_for_caller",
    "creating_strategy",
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
    "sharded_whole",
    "share_text",
    "shared_text",
    "signature",
    "track",
    "unique_id",
    "with_outer",
    "wrapped",
    "xla_compiles",
]

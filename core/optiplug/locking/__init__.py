"""Lock files: which plugins a config had when somebody looked, and whether it would have them now.

A lock file is data and nothing but data. It names distributions, plugins, versions and sums; what it names is
compared with what is installed, and never imported.
"""

from .changes import changes
from .contents import lock_of
from .drift import under
from .lock_file import NAME, Lock, LockedDistribution, LockFile, beside, lock_for, read_lock

__all__ = [
    "NAME",
    "Lock",
    "LockFile",
    "LockedDistribution",
    "beside",
    "changes",
    "lock_for",
    "lock_of",
    "read_lock",
    "under",
]

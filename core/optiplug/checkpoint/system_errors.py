"""What an operating system refuses to TensorFlow, as Python has it: with number and path."""

from __future__ import annotations

import errno
import os
import re

__all__ = ["system_error"]

# What TensorFlow writes before and after the words of an error: in which node or operation it was.
_AROUND = re.compile(r"^\s*\{\{(function_)?node .*?\}\}\s*| \[Op:\w+\].*$", re.DOTALL)
_NUMBERS = {os.strerror(number): number for number in errno.errorcode}


def system_error(message: str) -> OSError | None:
    """Return the OSError that the message of an error of TensorFlow tells of; None if it does not.

    TensorFlow has an error of its own for each sort of system call that failed, which it shares with other
    faults: a full disk and a full memory are one type. The message ends in the words of the system.

    Examples
    --------
    >>> from optiplug.checkpoint.system_errors import system_error
    >>> system_error("{{function_node __wrapped__SaveV2}} run/values; No space left on device [Op:SaveV2]")
    OSError(28, 'No space left on device')
    """
    text = _AROUND.sub("", message)
    # The one that it says in other words.
    text = text.replace(" is not a directory", f"; {os.strerror(errno.ENOTDIR)}")
    path, _, words = text.rpartition("; ")
    return OSError(_NUMBERS[words], words, path or None) if words in _NUMBERS else None

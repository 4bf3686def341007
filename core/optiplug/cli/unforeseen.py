"""Errors that nobody raised on purpose, such as those of a user's own task."""

from __future__ import annotations

import re
import sys
import traceback
from pathlib import PurePath
from types import FrameType

__all__ = ["error_of_users_code"]

_HINT = "Hint: OPTIPLUG_DEBUG=1 shows the whole traceback."
# Whose frames say nothing to those who wrote none of it.
_LIBRARIES = {
    *("click", "pluggy", "pydantic", "pydantic_core", "rich", "typer"),
    *("keras", "numpy", "optree", "sklearn", "tensorflow", "tf_keras"),
}
# How AutoGraph begins the message of an error in a function that it has converted, with the lines there.
_CONVERTED = "in user code:"
_CONVERTED_LINE = re.compile(r' {4}File "([^"]+)", line .*\n(?: {8}.*\n)?')


def error_of_users_code(error: BaseException) -> str | None:
    """Return an error with the lines of a user's code that led to it; None if it came from no such code.

    Left out are the frames of optiplug, its own plugins, Python, and the libraries below.

    Examples
    --------
    >>> from optiplug.cli.unforeseen import error_of_users_code
    >>> code = compile("1 / 0", "my_task.py", "exec")
    >>> try:
    ...     exec(code, {"__name__": "my_task"})
    ... except ZeroDivisionError as error:
    ...     print(error_of_users_code(error))
    ZeroDivisionError: division by zero
      File "my_task.py", line 1, in <module>
    Hint: OPTIPLUG_DEBUG=1 shows the whole traceback.
    """
    frames = traceback.walk_tb(error.__traceback__)
    lines = [(frame, line) for frame, line in frames if _is_users(frame)]
    if not lines and not str(error).startswith(_CONVERTED):
        return None
    what = "".join(traceback.format_exception_only(error))
    told = traceback.StackSummary.extract(iter(lines)).format()
    return "".join([_CONVERTED_LINE.sub(_if_users, what), *told, _HINT])


def _if_users(line: re.Match[str]) -> str:
    return "" if any(map(_is_ours_or_librarys, PurePath(line[1]).parts)) else line[0]


def _is_users(frame: FrameType) -> bool:
    package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
    known = package in sys.stdlib_module_names or _is_ours_or_librarys(package)
    # What AutoGraph wrote is in a file that is gone.
    return not known and "__autograph_generated_file" not in frame.f_code.co_filename


def _is_ours_or_librarys(package: str) -> bool:
    return package in _LIBRARIES or package == "optiplug" or package.startswith("optiplug_")

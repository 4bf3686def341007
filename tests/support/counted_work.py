"""Work in numbers that repeat from run to run, where seconds do not."""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import FrameType
from typing import Any, NamedTuple

from support.project_paths import ROOT

__all__ = ["Work", "counted"]


class Work(NamedTuple):
    """What a call has done: instructions of Python in code of this project, and calls in all code."""

    instructions: int
    calls: int


def counted(function: Callable[[], object]) -> Work:
    """Return the work of a call, in a thread of its own: Python does not count where it counts already.

    A loop in a comprehension makes no call, and a function of another library is no code of ours: so
    both are counted. What a single call of C does, such as copying a dictionary, counts as one.
    """
    with ThreadPoolExecutor(1) as thread:
        work = thread.submit(_counted, function).result()
    assert all(work), "nothing was counted"
    return work


def _counted(function: Callable[[], object]) -> Work:
    instructions = calls = 0

    def in_frame(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal instructions
        instructions += event == "opcode"
        return in_frame

    def entered(frame: FrameType, event: str, argument: object) -> Any:
        if not frame.f_code.co_filename.startswith(f"{ROOT}/"):
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return in_frame

    def called(frame: FrameType, event: str, argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.settrace(entered)
    sys.setprofile(called)
    try:
        function()
    finally:
        sys.settrace(None)
        sys.setprofile(None)
    return Work(instructions, calls)

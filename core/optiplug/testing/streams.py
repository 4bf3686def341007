"""The passes over memory that a compiled program makes: what each of its loops reads and writes."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

__all__ = ["Stream", "Streams", "counted"]

_COMPUTATION = re.compile(r"^(ENTRY )?%?([\w.-]+) \(.*\{$")
_INSTRUCTION = re.compile(
    r"^\s+(?P<root>ROOT )?%?(?P<name>[\w.-]+) = (?P<type>\((?:[^()]|\([^()]*\))*\)|\S+) "
    r"(?P<opcode>[\w-]+)\((?P<operands>[^()]*)\)(?P<attributes>.*)"
)
_COMMENT = re.compile(r"/\*.*?\*/")
_NAME = re.compile(r"[\w.-]+")
_ARRAY = re.compile(r"\b(pred|[a-z]+(\d+)\w*)\[([\d,]*)\]")
_CALLED = re.compile(
    r"\b(?:calls|to_apply|body|branch_computations|true_computation|false_computation)=(\{[^}]*\}|[^,]+)"
)
_ROUNDS = re.compile(r'known_trip_count":\{"n":"(\d+)"')
_INDEX = re.compile(r"index=(\d+)")
_RUNS = frozenset(["call", "conditional", "while"])
# What gives a name to a buffer, or to a part of it, without a loop.
_SAME_BUFFER = frozenset(["bitcast", "reshape", "get-tuple-element", "optimization-barrier"])
_NO_LOOP = _SAME_BUFFER | {"parameter", "constant", "tuple", "after-all"}
_SLICES = frozenset(["slice", "dynamic-slice", "gather"])
_IN_PLACE = "dynamic-update-slice"


@dataclass(frozen=True)
class Stream:
    """What one loop reads of one buffer, or writes to it."""

    loop: str
    buffer: str
    bytes: float
    writes: bool

    def __str__(self) -> str:
        return f"{self.loop} {'writes' if self.writes else 'reads'} {self.buffer}"


@dataclass(frozen=True)
class Streams:
    """What the loops of a program read and write.

    `needed` are those without which there is no step: each of the `inputs`, that is each variable, state
    and gradient, is read once, and each of the `results` is written once. `shared` are what it costs that
    XLA makes a loop for each result on a CPU: such a loop reads once more what another one reads or has
    written. All others are `extra`: sums over what is read anyway, and values that are written to memory
    to be read again.
    """

    all: tuple[Stream, ...]
    inputs: frozenset[str]
    results: frozenset[str]

    @cached_property
    def needed(self) -> list[Stream]:
        """The streams of a program that does everything in one loop."""
        # Of the reads of an input that of a result's loop is the needed one, if there is any.
        reads = {each.buffer: each for each in (*self.all, *self._of_results) if each.buffer in self.inputs}
        return [*reads.values(), *(each for each in self.all if self._writes_result(each))]

    @cached_property
    def shared(self) -> list[Stream]:
        """The streams that one loop for each result costs."""
        known = self.inputs | self.results
        return [each for each in self._of_results if each.buffer in known and each not in self.needed]

    @cached_property
    def extra(self) -> list[Stream]:
        """All other streams."""
        return [each for each in self.all if each not in self.needed and each not in self.shared]

    @cached_property
    def _of_results(self) -> list[Stream]:
        loops = {each.loop for each in self.all if self._writes_result(each)}
        return [each for each in self.all if each.loop in loops]

    def _writes_result(self, stream: Stream) -> bool:
        return stream.writes and stream.buffer in self.results


def counted(program: str) -> Streams:
    """Return the streams of an optimized program in the text form of XLA.

    A loop reads each of its operands once and writes what it returns once, in place or not. Of what is
    sliced the slice counts. What is inside of a `while` counts in each of its rounds, or once if nobody
    knows how many there are.

    >>> program = '''
    ... ENTRY %step (v: f32[8], g: f32[8]) -> (f32[8]) {
    ...   %v = f32[8]{0} parameter(0)
    ...   %g = f32[8]{0} parameter(1)
    ...   %new = f32[8]{0} subtract(%v, %g)
    ...   ROOT %t = (f32[8]{0}) tuple(%new)
    ... }'''
    >>> [(str(each), each.bytes) for each in counted(program).all]
    [('new reads v', 32.0), ('new reads g', 32.0), ('new writes new', 32.0)]
    """
    computations, entry = _parsed(program)
    lines = computations[entry]
    inputs = frozenset(name for name, line in lines.items() if line.opcode == "parameter")
    root = _root(lines)
    ends = root.operands if root.opcode == "tuple" else root.buffers
    results = frozenset(_buffer(lines, each) for each in ends)
    return Streams(tuple(_streams(computations, entry)), inputs, results - inputs)


@dataclass(frozen=True)
class _Line:
    """An instruction of a program."""

    root: str | None
    name: str
    type: str
    opcode: str
    operands: tuple[str, ...]
    attributes: str

    @property
    def called(self) -> list[str]:
        """The computations that it is made of."""
        return [name for each in _CALLED.findall(self.attributes) for name in _NAME.findall(each)]

    @property
    def sizes(self) -> list[float]:
        """The bytes of each array that it returns."""
        found = _ARRAY.finditer(self.type)
        return [
            int(each[2] or 8) / 8 * math.prod(map(int, filter(None, each[3].split(",")))) for each in found
        ]

    @property
    def buffers(self) -> list[str]:
        """The names of the arrays that it returns."""
        return [f"{self.name}{{{i}}}" for i in range(len(self.sizes))] if self.type[0] == "(" else [self.name]


_Computation = Mapping[str, _Line]


def _parsed(program: str) -> tuple[dict[str, dict[str, _Line]], str]:
    """Return the computations of a program by name, and the name of the one that it starts with."""
    computations: dict[str, dict[str, _Line]] = {}
    entry = current = ""
    for line in _COMMENT.sub("", program).splitlines():
        if head := _COMPUTATION.match(line):
            current = head[2]
            computations[current] = {}
            entry = current if head[1] else entry
        elif found := _INSTRUCTION.match(line):
            fields = found.groupdict() | {"operands": tuple(_NAME.findall(found["operands"]))}
            computations[current][found["name"]] = _Line(**fields)
    return computations, entry


def _streams(computations: Mapping[str, _Computation], name: str, rounds: int = 1) -> Iterator[Stream]:
    lines = computations[name]
    for line in lines.values():
        if line.opcode in _RUNS:
            known = _ROUNDS.search(line.attributes)
            for called in line.called:
                yield from _streams(computations, called, rounds * int(known[1] if known else 1))
        elif line.opcode not in _NO_LOOP:
            fused = computations[line.called[0]] if line.opcode == "fusion" else None
            for buffer, size in _reads(lines, line, fused).items():
                yield Stream(line.name, buffer, rounds * size, writes=False)
            for buffer, size in zip(line.buffers, _writes(lines, line, fused), strict=True):
                yield Stream(line.name, buffer, rounds * size, writes=True)


def _reads(lines: _Computation, line: _Line, fused: _Computation | None) -> dict[str, float]:
    """Return how many bytes of each buffer a loop reads."""
    # What a fusion calls its operands.
    inside = {
        int(each.operands[0]): each.name for each in (fused or {}).values() if each.opcode == "parameter"
    }
    reads: dict[str, float] = {}
    for place, operand in enumerate(line.operands):
        name, size = inside.get(place, operand), sum(lines[operand].sizes)
        users = [each for each in (fused or {line.name: line}).values() if name in each.operands]
        if all(each.opcode in _SLICES and name == each.operands[0] for each in users):
            size = min(size, sum(sum(each.sizes) for each in users))
        elif all(each.opcode == _IN_PLACE and name == each.operands[0] for each in users):
            size = 0
        buffer = _buffer(lines, operand)
        reads[buffer] = max(size, reads.get(buffer, 0))
    return reads


def _writes(lines: _Computation, line: _Line, fused: _Computation | None) -> list[float]:
    """Return how many bytes a loop writes to each of its buffers."""
    root = _root(fused) if fused else line
    return (fused or lines)[root.operands[1]].sizes if root.opcode == _IN_PLACE else line.sizes


def _buffer(lines: _Computation, name: str) -> str:
    """Return the buffer that a name stands for."""
    line = lines.get(name)
    if line is None or line.opcode not in _SAME_BUFFER:
        return name
    source = line.operands[0]
    if line.opcode != "get-tuple-element":
        return _buffer(lines, source)
    index = int(_INDEX.findall(line.attributes)[0])
    owner = lines[source]
    return _buffer(lines, owner.operands[index]) if owner.opcode == "tuple" else f"{source}{{{index}}}"


def _root(lines: _Computation) -> _Line:
    return next(line for line in lines.values() if line.root)

"""Docstrings in numpy's form, as Markdown."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

from .formulas import aligned, formulas
from .markdown import code, escaped, fenced, paragraph

__all__ = ["as_markdown", "inline", "printed_lines"]

_UNDERLINE = re.compile(r"([-=~^])\1{2,}")
_DIRECTIVE = re.compile(r"\.\. (?P<name>[\w-]+)::\s*(?P<argument>.*)$")
_BULLET = re.compile(r"(?P<lead>[-*]|\d+\.) +(?=\S)")
_LISTS = {"Parameters", "Raises", "Returns", "Yields", "Attributes", "Other Parameters", "Warns"}
_INLINE = re.compile(
    r"``(?P<literal>.+?)``|(?<![\w*])\*(?P<stress>[^\s*][^*]*)\*(?![\w*])|(?::[\w:]+:)?`(?P<words>[^`<]+?)(?:\s*<(?P<target>[^<>`]+)>)?`(?P<link>__?)?",
    re.DOTALL,
)
_LINKED = re.compile(r"https?://[^\s<>\"'`\\)\]]*[^\s<>\"'`\\)\].,;]|arXiv:(?P<number>\d{4}\.\d{4,5})")


def as_markdown(docstring: str, level: int = 2) -> Iterator[str]:
    """Yield the lines of a docstring without indentation; its sections have headings of this level."""
    lines = docstring.splitlines()
    section = ""
    while lines:
        if len(lines) > 1 and lines[0].strip() and _UNDERLINE.fullmatch(lines[1].strip()):
            section = lines[0].strip()
            yield from (f"{'#' * level} {escaped(section)}", "")
            del lines[:2]
        elif not lines[0].strip():
            del lines[0]
        elif lines[0].startswith(">>> "):
            yield from fenced("\n".join(_until_blank(lines)), "pycon")
        elif section in _LISTS:
            yield from _definition(lines)
        elif directive := _DIRECTIVE.match(lines[0]):
            yield from _directive(directive, lines)
        elif _BULLET.match(lines[0]):
            yield from _bullets(lines)
        else:
            yield from _paragraph(lines)


def inline(text: str) -> str:
    """Return a text of a docstring in a line of Markdown: code, links and, of all else, the words."""
    said, at = [], 0
    text = " ".join(text.split())
    for found in _INLINE.finditer(text):
        said.append(_linked(text[at : found.start()]))
        said.append(_reference(found))
        at = found.end()
    return "".join([*said, _linked(text[at:])])


def printed_lines(lines: Iterator[str]) -> str:
    """Return lines as a text without two empty ones in a row."""
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


def _reference(found: re.Match[str]) -> str:
    words, target = found["words"], found["target"] or ""
    if found["literal"] is not None:
        return code(found["literal"])
    if found["stress"] is not None:
        return f"*{escaped(found['stress'])}*"
    if _LINKED.fullmatch(target):
        return f"[{escaped(words)}](<{target}>)"
    return code(words)


def _linked(text: str) -> str:
    said, at = [], 0
    for found in _LINKED.finditer(text):
        said.append(escaped(text[at : found.start()]))
        number = found["number"]
        said.append(f"[arXiv:{number}](https://arxiv.org/abs/{number})" if number else f"<{found[0]}>")
        at = found.end()
    return "".join([*said, escaped(text[at:])])


def _until_blank(lines: list[str]) -> list[str]:
    count = next((at for at, line in enumerate(lines) if not line.strip()), len(lines))
    taken = lines[:count]
    del lines[:count]
    return taken


def _indented(lines: list[str]) -> list[str]:
    """Take the lines below that are indented, those between them included, without their indentation."""
    count = next((at for at, line in enumerate(lines) if line.strip() and not line[0].isspace()), len(lines))
    taken = lines[:count]
    del lines[:count]
    return inspect.cleandoc("\n" + "\n".join(taken)).splitlines()


def _definition(lines: list[str]) -> Iterator[str]:
    name, _, kind = lines.pop(0).partition(" : ")
    about = inline(" ".join(_indented(lines)))
    yield f"- {code(name.strip())}{f' ({escaped(kind)})' if kind else ''}: {about}"
    if not lines or not lines[0].strip() or _UNDERLINE.fullmatch((lines[1:2] or [""])[0].strip()):
        yield ""


def _directive(directive: re.Match[str], lines: list[str]) -> Iterator[str]:
    del lines[0]
    inside = _indented(lines)
    text = "\n".join([*filter(None, [directive["argument"]]), *inside]).strip()
    if directive["name"] == "math":
        several = ("&" in text or "\\\\" in text) and "\\begin" not in text
        yield from fenced(aligned(text) if several else text, "math")
    elif directive["name"] in {"code", "code-block"}:
        yield from fenced("\n".join(inside), escaped(directive["argument"]))
    else:
        yield from as_markdown(text)


def _bullets(lines: list[str]) -> Iterator[str]:
    while lines and (bullet := _BULLET.match(lines[0])):
        first = lines.pop(0)[bullet.end() :]
        rest = []
        while lines and lines[0].startswith(" ") and lines[0].strip():
            rest.append(lines.pop(0))
        lead = "-" if bullet["lead"] == "*" else bullet["lead"]
        yield f"{lead} {paragraph(inline(' '.join([first, *rest])))}"
        while lines and not lines[0].strip() and len(lines) > 1 and _BULLET.match(lines[1]):
            del lines[0]
    yield ""


def _paragraph(lines: list[str]) -> Iterator[str]:
    words = []
    while lines and lines[0].strip() and not _BULLET.match(lines[0]):
        words.append(lines.pop(0).strip())
        if words[-1].endswith("::"):
            break
    text = " ".join(words)
    if not text.endswith("::"):
        yield from (paragraph(inline(text)), "")
        return
    before = text.removesuffix("::").rstrip()
    if before:
        yield from (paragraph(inline(f"{before}:")), "")
    block = "\n".join(_indented(lines))
    latex = formulas(block)
    yield from fenced(block, "text") if latex is None else fenced(latex, "math")

"""Regular expressions of configs: those that are searched in a moment, whatever they are searched in."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass

__all__ = ["problem_of"]

_WAYS = 10**5
_OF_A_REPEAT = 16  # on a path of a hundred characters four repeats have a few million
_DEEPEST = 20
_TOKEN = re.compile(
    r"""
      \\. | \[\^?\]?(?:\\.|[^\]\\])*\]                                        # an escape, a set
    | (?P<aside>\(\?(?:P=\w+|\#[^)]*|[aiLmsu]+)\))                            # what is no group
    | (?P<open>\((?:\?(?:[:=!>]|<[=!]|P<\w+>|\(\w+\)|[aiLmsu]*-?[ims]*:))?)   # the begin of one
    | (?P<close>\)) | (?P<choice>\|) | (?P<repeat>(?:[*+?]|\{\d*,?\d*\})[?+]?) | .
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass
class _Group:
    """What is in parentheses: how many choices there are, and whether it may match in several ways."""

    choices: int = 1
    ambiguous: bool = False


def problem_of(pattern: str) -> str:
    r"""Return what is wrong with a regular expression, nothing if it can be searched for.

    Python tries all ways to match, which may be more than it could try in years.

    >>> problem_of(r"layer_\d+/.*(kernel|bias)$")
    ''
    >>> problem_of("(a+)+b")
    'must not repeat what has a repeat or a choice in it'
    >>> problem_of("(a")
    'must be a regular expression: missing ), unterminated subpattern at position 0'
    """
    if problem := _excess(pattern):
        return problem
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what may mean something else one day
            re.compile(pattern)
    except (re.error, OverflowError) as error:
        return f"must be a regular expression: {error}"
    return ""


def _excess(pattern: str) -> str:
    """Return what would take too long, or too deep a recursion."""
    groups, last, ways = [_Group()], _Group(), 1
    for token in _TOKEN.finditer(pattern):
        kind, closed = token.lastgroup, _Group()
        if kind == "open":
            groups.append(_Group())
        elif kind == "close" and len(groups) > 1:
            closed = groups.pop()
            ways *= closed.choices
            groups[-1].ambiguous |= closed.ambiguous
        elif kind == "choice":
            groups[-1].choices += 1
            groups[-1].ambiguous = True
        elif kind == "repeat":
            once = token[0][0] == "?"
            if last.ambiguous and not once:
                return "must not repeat what has a repeat or a choice in it"
            groups[-1].ambiguous = True
            ways *= 2 if once else _OF_A_REPEAT
        last = closed
        if len(groups) > _DEEPEST:
            return f"may have at most {_DEEPEST} levels of parentheses"
    too_many = ways * groups[0].choices > _WAYS
    return "must have fewer repeats and choices: there are too many ways to match" if too_many else ""

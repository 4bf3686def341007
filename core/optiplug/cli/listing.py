"""`optiplug list`."""

from __future__ import annotations

from collections.abc import Sequence

import typer

from optiplug import registry
from optiplug.errors import nearest
from optiplug.registry import KINDS

from .cards import Card, cards, reference
from .exits import ExitCode
from .output import FORMAT, message, print_json, print_lines, print_table, print_text

__all__ = ["list_plugins"]

_COLUMNS = ("name", "summary", "paper", "distribution, version, status")


def list_plugins(words: Sequence[str], kind: str | None, wide: bool, as_json: bool) -> None:
    """Print every plugin, or those of one kind, or those that all of these words are about."""
    found = [each for each in cards(registry.entries(kind)) if _is_about(each, words)]
    if as_json:
        troubles = [each.as_json() for each in registry.troubles()]
        print_json({"format": FORMAT, "plugins": [each.as_json() for each in found], "troubles": troubles})
    elif not words or found:
        _print(found, [kind] if kind else list(KINDS), bool(words), wide)
    if not as_json:
        _tell_troubles(words)
    if words and not found:
        _tell_none(words, kind)
        raise typer.Exit(ExitCode.FAILED)


def _is_about(plugin: Card, words: Sequence[str]) -> bool:
    entry = plugin.entry
    parts = (entry.qualified, entry.kind, plugin.summary, plugin.paper, plugin.note, plugin.error)
    text = "\n".join(parts).casefold()
    return all(word.casefold() in text for word in words)


def _tell_troubles(words: Sequence[str]) -> None:
    """Tell of distributions that cannot be listed, as far as these words are about them."""
    for trouble in registry.troubles():
        text = str(trouble)
        if not trouble.usable and all(word.casefold() in text.casefold() for word in words):
            message(text)


def _tell_none(words: Sequence[str], kind: str | None) -> None:
    guesses = [nearest(word, [entry.name for entry in registry.entries(kind)]) for word in words]
    message(
        f"no plugin is about {' and '.join(map(repr, words))}; {' '.join(filter(None, guesses))}".rstrip("; ")
    )


def _print(cards: Sequence[Card], kinds: Sequence[str], searched: bool, wide: bool) -> None:
    printed = False
    for kind in kinds:
        found = [card for card in cards if card.entry.kind == kind]
        if not found and searched:
            continue
        if printed:
            print_text("")
        printed = True
        if found:
            _print_kind(kind, found, wide)
        else:
            print_text(f"{kind}: none installed")


def _print_kind(kind: str, cards: Sequence[Card], wide: bool) -> None:
    styles = ["red" if each.status == "broken" else "yellow" if each.error else "" for each in cards]
    lines = [(reference(each.entry), each.text) for each in cards]
    if not wide:
        print_lines(kind, lines, styles)
        return
    rows = [
        (*line, each.paper, f"{each.entry} {each.status}".removeprefix(f"{each.entry.name}@"))
        for line, each in zip(lines, cards, strict=True)
    ]
    print_table(kind, _COLUMNS, rows, styles)

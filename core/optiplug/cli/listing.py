"""`optiplug list`."""

from __future__ import annotations

from optiplug import registry
from optiplug.registry import KINDS

from .cards import Card, card
from .output import FORMAT, print_json, print_table, print_text

__all__ = ["list_plugins"]

_COLUMNS = {
    "name": False,
    "summary": True,
    "paper": True,
    "distribution": False,
    "version": False,
    "status": False,
}


def list_plugins(kind: str | None, as_json: bool) -> None:
    """Print every plugin, or those of one kind."""
    cards = [card(entry) for entry in registry.entries(kind)]
    if as_json:
        print_json({"format": FORMAT, "plugins": [each.as_json() for each in cards]})
        return
    for each in [kind] if kind else KINDS:
        _print_kind(each, [card for card in cards if card.entry.kind == each])


def _print_kind(kind: str, cards: list[Card]) -> None:
    if not cards:
        print_text(f"{kind}: none installed\n")
        return
    rows = [
        (
            each.reference,
            each.error or each.summary,
            each.paper,
            each.entry.distribution,
            each.entry.version,
            each.status,
        )
        for each in cards
    ]
    styles = ["red" if each.status == "broken" else "yellow" if each.error else "" for each in cards]
    print_table(kind, _COLUMNS, rows, styles)
    print_text("")

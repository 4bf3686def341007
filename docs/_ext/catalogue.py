"""Sphinx extension that writes a page for each plugin that the registry finds.

They are the pages of `optiplug catalogue`, with pictures, places to refer to and lists of contents. They land
in ``docs/catalogue``, which is generated anew by each build.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

from optiplug import registry
from optiplug.cli.output import muted_stderr
from optiplug.registry import KINDS, Entry
from optiplug.testing import checks
from optiplug_author.pages.catalogue import Catalogue
from optiplug_author.pages.docstrings import inline
from optiplug_author.pages.markdown import code, pipe_table
from pictures import draw_optimizer, draw_overview, draw_processor, draw_schedule

PICTURES: Mapping[str, Callable[[Any, Path], str | None]] = {
    "optimizers": draw_optimizer,
    "processors": draw_processor,
    "schedules": draw_schedule,
}
SHOWN = ("sgd", "adamw", "lion", "muon")  # in the picture of the first page


def setup(app: Sphinx) -> dict[str, Any]:
    """Write the pages while Sphinx starts, before it looks for pages."""
    folder = Path(app.srcdir) / "catalogue"
    with muted_stderr():  # TensorFlow has much to say while it loads
        folder.mkdir(exist_ok=True)
        for path in folder.rglob("*.rst"):  # of builds before these pages were Markdown
            path.unlink()
        Pages(registry.entries()).write(folder)
        draw_overview([example(registry.find("optimizers", name)) for name in SHOWN], folder / "paths.png")
    (folder / "checks.md").write_text("\n".join(promises()))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


class Pages(Catalogue):
    """The pages as Sphinx wants them."""

    def target(self, entry: Entry) -> Iterable[str]:
        """Return the name by which other pages refer to this one."""
        return (f"({entry.kind}-{entry.name})=", "")

    def contents(self, pages: Sequence[str]) -> Iterable[str]:
        """Return a list of contents, which shows at the side."""
        more = ["checks"] if pages == list(KINDS) else []
        return ("```{toctree}", ":hidden:", "", *pages, *more, "```", "")

    def picture(self, entry: Entry, folder: Path) -> tuple[str, str] | None:
        """Draw what an optimizer, a processor or a schedule does."""
        folder.mkdir(exist_ok=True)
        path = folder / f"{entry.name}.png"
        path.unlink(missing_ok=True)
        shown = PICTURES[entry.kind](example(entry), path) if entry.kind in PICTURES else None
        return (path.name, shown) if shown else None


def promises() -> Iterator[str]:
    """Yield the lines of the page of the checks that `optiplug.testing` makes."""
    yield from ("# Checks", "", "What plugins promise, and `optiplug.testing` checks.", "")
    every = dict.fromkeys(check for kind in KINDS for check in checks(kind))
    rows = [(code(check.name), ", ".join(check.kinds), inline(check.summary)) for check in every]
    yield from pipe_table(("check", "of", "promise"), rows)


def example(entry: Entry) -> Any:
    """Return the config of an entry with the hyperparameters of its example."""
    config = registry.load(entry)
    return config(**config.example)

"""The page of a comparison: one HTML file, which needs no other, and its pictures as files."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import ChoiceLoader, Environment, PackageLoader
from markupsafe import Markup
from ruamel.yaml import YAML

from optiplug.checkpoint.files import replace_file
from optiplug.errors import plain

from . import sentences, tables
from .canvas import Picture
from .phrasing import name_of
from .pictures import pictures
from .records import Comparison
from .standings import standings
from .tables import Table

__all__ = ["Section", "Table", "environment", "write_report"]

PAGE = "index.html"
_MIME = {b"\x89PNG": "png", b"<?xm": "svg+xml", b"<svg": "svg+xml"}


@dataclass(frozen=True)
class Section:
    """A part of a page under a title of its own: sentences, a picture and a table, each where there is one.

    Parameters
    ----------
    title
        Heading.
    text
        Paragraphs; they are texts, not HTML.
    picture
        A PNG or SVG file as bytes, or what `optiplug_compare.canvas.drawn` returns, with a form for phones.
    alt
        What the picture shows, for who cannot see it.
    table
        Texts in rows.

    Raises
    ------
    ValueError
        If `picture` is neither PNG nor SVG, or has no `alt`.

    Examples
    --------
    >>> from optiplug_compare.report import Section, Table
    >>> importance = Table(head=("field", "importance"), rows=(("learning_rate", "0.9"), ("beta_1", "0.1")))
    >>> Section("Importance", text=("By fANOVA.",), table=importance).title
    'Importance'
    """

    title: str
    text: Sequence[str] = ()
    picture: bytes | Picture | None = None
    alt: str = ""
    table: Table | None = None

    def __post_init__(self) -> None:
        if isinstance(self.picture, bytes) and (self.picture[:4] not in _MIME or not self.alt):
            raise ValueError(f"the picture of {self.title!r} must be PNG or SVG and have a text in `alt`")


def write_report(comparison: Comparison, folder: Path, sections: Sequence[Section] = ()) -> list[Path]:
    """Write the page of a comparison and its pictures into a folder.

    Parameters
    ----------
    comparison
        What is known.
    folder
        It is made if need be; files of the same names are replaced, each as a whole.
    sections
        What a caller has to add, between the pictures and the configs. Texts are escaped like all others.

    Returns
    -------
    list of Path
        What was written, index.html first.

    Raises
    ------
    OSError
        If the folder cannot be written.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from optiplug_compare.records import Comparison, Figure
    >>> from optiplug_compare.report import Section, write_report
    >>> nothing = Comparison(
    ...     title="none", task={"use": "digits"}, figure=Figure(name="loss"), steps=1, batch_size=1, rows=()
    ... )
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [path.name for path in write_report(nothing, pathlib.Path(folder), [Section("More")])]
    ['index.html']
    """
    comparison = _with_plain_names(comparison)
    ranked = standings(comparison)
    drawn = pictures(comparison, ranked)
    page = (
        environment()
        .get_template("page.html")
        .render(
            comparison=comparison,
            title=comparison.title,
            made=comparison.made,
            made_with=comparison.versions,
            question=sentences.question(comparison),
            answer=sentences.answer(comparison, ranked),
            ranked=ranked,
            final=tables.final(comparison, ranked),
            significance=tables.significance(comparison, ranked),
            troubles=tables.troubles(ranked),
            pictures=drawn,
            sections=sections,
        )
    )
    folder.mkdir(parents=True, exist_ok=True)
    contents = {f"{each.name}.png": each.png for each in drawn} | {PAGE: page.encode()}
    for name, content in contents.items():
        replace_file(folder / name, content)
    return [folder / PAGE, *(folder / f"{each.name}.png" for each in drawn)]


def _with_plain_names(comparison: Comparison) -> Comparison:
    """Return a comparison whose names are short texts in one line each."""
    rows = [row.model_copy(update={"name": name_of(row.name)}) for row in comparison.rows]
    pairs = [
        pair.model_copy(update={"first": name_of(pair.first), "second": name_of(pair.second)})
        for pair in comparison.pairs
    ]
    figure = comparison.figure.model_copy(update={"name": name_of(comparison.figure.name)})
    changed = {
        "rows": rows,
        "pairs": pairs,
        "figure": figure,
        "title": name_of(comparison.title or "Comparison"),
    }
    return comparison.model_copy(update=changed)


def environment(*packages: str) -> Environment:
    r"""Return what renders pages, with the templates of other packages before those of this one.

    There are `base.html`, which a page extends, `parts.html`, macros for what it is made of, and `page.css`.

    >>> environment().from_string("{{ {'use': 'sgd'} | yaml }}").render()
    'use: sgd\n'
    """
    made = Environment(
        loader=ChoiceLoader([PackageLoader(each) for each in (*packages, "optiplug_compare")]),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_without_controls,
    )
    made.filters |= {"yaml": _yaml, "source": _source}
    made.tests["drawn"] = lambda value: isinstance(value, Picture)
    return made


def _without_controls(value: object) -> object:
    """Keep what texts of others hold from steering who reads the page, or its source on a terminal."""
    return plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _yaml(config: object) -> str:
    written = io.StringIO()
    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style = False
    writer.representer.sort_base_mapping_type_on_output = False
    writer.dump(config, written)
    return written.getvalue()


def _source(picture: bytes) -> str:
    return f"data:image/{_MIME[picture[:4]]};base64,{base64.b64encode(picture).decode()}"

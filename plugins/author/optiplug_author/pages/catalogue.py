"""A page for each plugin, one for each kind, and one that leads to them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, cached_property
from inspect import cleandoc
from pathlib import Path
from statistics import mode
from typing import Any

import optiplug
from optiplug import ConfigError, PluginError, registry
from optiplug.cli.types_in_words import type_in_words
from optiplug.registry import KINDS, Entry

from .docstrings import as_markdown, inline, printed_lines
from .markdown import code, escaped, fenced, pipe_table
from .origin import origin
from .usage import document, written

__all__ = ["MARK", "Catalogue"]

MARK = "<!-- Written by `optiplug catalogue`, which writes it anew: change what it is written from. -->"
"""The first line of each page."""

_BASES: dict[str, type[optiplug.NamedConfig]] = {
    "optimizers": optiplug.OptimizerConfig,
    "processors": optiplug.ProcessorConfig,
    "schedules": optiplug.ScheduleConfig,
    "tasks": optiplug.TaskConfig,
    "commands": optiplug.CommandConfig,
}
_STATEFUL = ("optimizers", "processors")


class Catalogue:
    """The pages about some plugins.

    Whoever wants more on them overrides `target`, `contents` and `picture`.
    """

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.entries = entries
        self.broken: dict[Entry, str] = {}

    def target(self, entry: Entry) -> Iterable[str]:
        """Return lines before the heading of a page, by which others refer to it."""
        return ()

    def contents(self, pages: Sequence[str]) -> Iterable[str]:
        """Return lines at the end of a page that say which pages are below it."""
        return ()

    def picture(self, entry: Entry, folder: Path) -> tuple[str, str] | None:
        """Return the name of a file that was drawn in this folder, and what it shows."""
        return None

    def write(self, folder: Path) -> list[Path]:
        """Write all pages into a folder, remove those of plugins that are gone, and return what was written.

        Raises
        ------
        ConfigError
            If a file is in the way that was not written so.
        """
        there = {path for path in folder.rglob("*.md") if _is_ours(path)}
        for path in map(folder.joinpath, self._paths()):
            if path.exists() and path not in there:
                hint = "move it, or give another folder"
                raise ConfigError("was not written by `optiplug catalogue`", where=str(path), hint=hint)
        pages = {f"{_path(entry)}.md": self._page(entry, folder) for entry in self.entries}
        pages |= {f"{kind}.md": self._overview(kind) for kind in self._kinds}
        pages["index.md"] = self._index()
        texts = {folder / path: text for path, text in pages.items() if text is not None}
        for path in there - set(texts):
            path.unlink()
        return [_written(path, text) for path, text in texts.items()]

    def _paths(self) -> Iterator[str]:
        yield from ("index.md", *(f"{kind}.md" for kind in self._kinds))
        yield from (f"{_path(entry)}.md" for entry in self.entries)

    @cached_property
    def _kinds(self) -> list[str]:
        return [kind for kind in KINDS if any(entry.kind == kind for entry in self.entries)]

    def _usable(self, kind: str) -> list[Entry]:
        return [each for each in self.entries if each.kind == kind and each not in self.broken]

    def _index(self) -> str:
        rows = [
            (f"[{escaped(kind)}]({kind}.md)", ", ".join(map(_link, self._usable(kind))))
            for kind in self._kinds
        ]
        told = [f"- {code(str(entry))} cannot be used: {inline(why)}" for entry, why in self.broken.items()]
        whose = sorted({str(entry).partition("@")[2] for entry in self.entries})
        lines = [
            "# Catalogue",
            "",
            f"What {', '.join(map(code, whose))} select by name, by kind." if len(whose) < 4 else _EVERYTHING,
            "",
            *pipe_table(("kind", "names"), rows),
            "",
            *told,
            "",
            *self.contents(self._kinds),
        ]
        return printed_lines(iter([MARK, "", *lines]))

    def _overview(self, kind: str) -> str:
        entries = self._usable(kind)
        stateful = kind in _STATEFUL
        header = ("name", "summary", "from", *(("bytes of state per parameter",) if stateful else ()))
        rows = [self._row(entry) for entry in entries]
        common = _common(kind)
        lines = [
            f"# {kind.capitalize()}",
            "",
            f"Entry point group: {code(KINDS[kind])}.",
            "",
            *pipe_table(header, rows),
            "",
            *([f"All {kind} have these hyperparameters:", "", *_hyperparameters(common)] if common else ()),
            *self.contents([_path(entry) for entry in entries]),
        ]
        return printed_lines(iter([MARK, "", *lines]))

    def _row(self, entry: Entry) -> tuple[str, ...]:
        config = registry.load(entry)
        if entry.kind in _STATEFUL:
            from .memory import bytes_per_parameter  # and with it TensorFlow, as the other import of it
        state = (bytes_per_parameter(_example(entry)),) if entry.kind in _STATEFUL else ()
        return (_link(entry), inline(config.summary()), code(entry.distribution), *state)

    def _page(self, entry: Entry, folder: Path) -> str | None:
        """Return what there is to say about a plugin; None if it cannot be used, which is noted."""
        try:
            config, example = registry.load(entry), _example(entry)
            implementation = config.load_implementation()
            kept = list(_state(entry)) if entry.kind in _STATEFUL else []
        except (PluginError, ConfigError) as error:
            self.broken[entry] = str(error)
            return None
        common = _common(entry.kind)
        own = {name: each for name, each in _schema(entry).items() if common.get(name) != each}
        data = document(example)
        lines = [
            *self.target(entry),
            f"# {escaped(entry.name)}",
            "",
            *as_markdown(cleandoc(config.__doc__ or "")),
            *self._shown(entry, folder),
            *(fenced(written(data), "yaml") if data is not None else ()),
            # Its first paragraph is in the config, too.
            *as_markdown(cleandoc(implementation.__doc__ or "").partition("\n\n")[2]),
            "## Hyperparameters",
            "",
            *_hyperparameters(own),
            *(
                [f"Besides these it has those of all [{entry.kind}](../{entry.kind}.md).", ""]
                if common
                else ()
            ),
            *kept,
            *origin(entry, config.paper),
        ]
        return printed_lines(iter([MARK, "", *lines]))

    def _shown(self, entry: Entry, folder: Path) -> Iterator[str]:
        drawn = self.picture(entry, folder / entry.kind)
        if drawn:
            name, said = drawn
            yield from (f"![{escaped(said.replace('`', ''))}]({name})", "", inline(said), "")


_EVERYTHING = "Everything that an installation selects by name, by kind."


def _is_ours(path: Path) -> bool:
    with path.open(encoding="utf-8", errors="replace") as file:
        return file.readline().rstrip() == MARK


def _written(path: Path, text: str) -> Path:
    """Leave a page that did not change as it is, so that what is built of it is not built again."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")
    return path


def _path(entry: Entry) -> str:
    """Return the name of a page, with the distribution where others offer the same name."""
    others = [each for each in registry.entries(entry.kind) if each.name == entry.name and each != entry]
    return f"{entry.kind}/{entry.qualified if others and not entry.built_in else entry.name}"


def _link(entry: Entry) -> str:
    return f"[{escaped(entry.name)}]({_path(entry)}.md)"


def _hyperparameters(fields: dict[str, Any]) -> Iterable[str]:
    rows = [(code(name), *_described(field)) for name, field in fields.items() if name != "use"]
    return (*pipe_table(("hyperparameter", "type", "default", "meaning"), rows), "")


def _described(field: dict[str, Any]) -> tuple[str, str, str]:
    default = code(json.dumps(field["default"])) if "default" in field else "required"
    return inline(type_in_words(field)), default, inline(field.get("description", ""))


def _state(entry: Entry) -> Iterator[str]:
    """Yield what a plugin keeps between steps, and where it cannot run."""
    from .memory import slots

    example = _example(entry)
    yield from ("## State", "")
    rows = [(code(slot), f"{size:.3g}") for slot, size in slots(example).items()]
    if rows:
        yield from ("For a layer of 512 x 256 with a bias, in float32:", "")
        yield from (*pipe_table(("slot", "bytes per parameter"), rows), "")
    else:
        yield from ("No state for each variable.", "")
    if example.no_mesh:
        yield from (f"It refuses variables on a DTensor mesh: {inline(example.no_mesh)}.", "")


@cache
def _schema(entry: Entry) -> dict[str, Any]:
    fields: dict[str, Any] = registry.load(entry).model_json_schema()["properties"]
    return fields


@cache
def _common(kind: str) -> dict[str, Any]:
    """Return the hyperparameters that every plugin of a kind inherits, as most of them have them."""
    schemas = []
    for entry in registry.entries(kind):
        try:
            schemas.append(_schema(entry))
        except PluginError:
            continue
    return {
        name: json.loads(mode(json.dumps(fields[name]) for fields in schemas))
        for name in _BASES[kind].model_fields
        if schemas
    }


def _example(entry: Entry) -> Any:
    config = registry.load(entry)
    return config(**config.example)

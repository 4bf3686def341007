"""Who takes part in a comparison: config files and names of optimizers, made into runs of one task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from optiplug import ConfigError, Goal, registry
from optiplug.document import Document, Setting, override, read
from optiplug.errors import Problem
from optiplug_lab.config import TrainConfig

from .plan import Entrant

__all__ = ["Asked", "entrants"]

_EVALUATIONS = 30


@dataclass(frozen=True)
class Asked:
    """What a command line asks of every run; None is what it leaves to the files and to the goal."""

    task: str | None = None
    steps: int | None = None
    batch_size: int | None = None
    settings: Sequence[Setting] = ()


def entrants(files: Sequence[Path], optimizers: Sequence[str], asked: Asked) -> list[Entrant]:
    """Return those who take part, in the order in which they are named.

    Raises
    ------
    ConfigError
        If a file is invalid, if they are of different tasks or lengths, or if nobody says which.
    PluginError
        If what was named is not installed.
    """
    for name in optimizers:
        registry.get("optimizers", name)
    names = [*(path.stem for path in files), *optimizers]
    found = [*(_read(path, asked.task) for path in files), *(_named(each, asked.task) for each in optimizers)]
    documents = [override(each, asked.settings) for each in found]
    runs = [_config(each, steps=each.data.get("steps", 1)) for each in documents]
    _require_alike(documents, runs)
    shared = _shared(documents, runs[0], asked)
    return [
        Entrant(name, _config(document, **shared))
        for name, document in zip(_told_apart(names), documents, strict=True)
    ]


def _read(path: Path, task: str | None) -> Document:
    """Return the document of a run: that of an optimizer gets the task."""
    document = read(path)
    if "use" in document.data and "command" not in document.data:
        if task is None:
            hint = "give it by --task, as in --task digits"
            raise _refused(document, "use", "this is the config of an optimizer, which has no task", hint)
        return _inside(document, task)
    if document.data.get("command") != "train":
        raise _refused(document, "command", "must be `train`, or the file that of an optimizer, with `use`")
    if task is not None:
        raise _refused(document, "task", "the file says the task, and so does --task", "leave out --task")
    return replace(document, data={name: each for name, each in document.data.items() if name != "command"})


def _inside(document: Document, task: str) -> Document:
    """Return the document of a run with the optimizer of this one."""
    values = {("optimizer", *path): place for path, place in document.values.items()}
    keys = {("optimizer", *path): place for path, place in document.keys.items()}
    optimizer, data = dict(document.data), dict[str, Any](task=task)
    # What may be used is said of a document as a whole.
    if "plugins" in optimizer:
        data["plugins"] = optimizer.pop("plugins")
    data["optimizer"] = optimizer
    values[()] = document.values[()]
    return Document(document.source, data, values, keys, {("task",): f"--task {task}"})


def _named(name: str, task: str | None) -> Document:
    """Return the document of a run of an optimizer with its defaults."""
    if task is None:
        raise ConfigError("is required with --optimizers", where="--task", hint="as in --task digits")
    sources: dict[tuple[str | int, ...], str] = {("task",): f"--task {task}"}
    sources["optimizer",] = f"--optimizers {name}"
    data = {"task": task, "optimizer": {"use": name}}
    return Document("--optimizers", data, {(): (1, 1)}, {}, sources)


def _config(document: Document, **fields: Any) -> TrainConfig:
    try:
        return TrainConfig(**{**document.data, **fields})
    except ConfigError as error:
        raise document.locate(error) from None


def _require_alike(documents: Sequence[Document], runs: Sequence[TrainConfig]) -> None:
    for document, run in zip(documents, runs, strict=True):
        if run.task != runs[0].task:
            rule = f"must be the task of all: that of {documents[0].source} is {runs[0].task.dump()}"
            raise _refused(document, "task", rule)
        if run.strategy != "none":
            raise _refused(document, "strategy", "must be `none`: each run of a comparison has one device")


def _shared(documents: Sequence[Document], run: TrainConfig, asked: Asked) -> dict[str, int]:
    """Return what all runs have in common: as asked, else as files say, else as the goal of the task."""
    goal = type(run.task).goal
    steps = asked.steps or _said(documents, "steps") or (goal.steps if goal else None)
    if steps is None:
        use = registry.reference_of(type(run.task))
        raise ConfigError(f"is required: the task {use} has no goal that says it", where="--steps")
    every = goal.evaluate_every if goal else max(1, steps // _EVALUATIONS)
    return {
        "steps": steps,
        "batch_size": asked.batch_size or _said(documents, "batch_size") or _batch_size(goal, run),
        "evaluate_every": _said(documents, "evaluate_every") or every,
        "seed": _said(documents, "seed") or 0,
    }


def _batch_size(goal: Goal | None, run: TrainConfig) -> int:
    return goal.batch_size if goal else run.batch_size


def _said(documents: Sequence[Document], name: str) -> Any:
    """Return what documents say of a field, those that say anything; None if none does."""
    saying = [each for each in documents if name in each.data]
    for each in saying:
        if each.data[name] != saying[0].data[name]:
            rule = f"must be the same for all: {saying[0].source} says {saying[0].data[name]}"
            option = {"steps": "--steps", "batch_size": "--batch-size"}.get(name, f"--set {name}=VALUE")
            raise _refused(each, name, rule, f"{option} is for all of them")
    return saying[0].data[name] if saying else None


def _refused(document: Document, name: str, rule: str, hint: str = "") -> ConfigError:
    received = {"received": document.data[name]} if name in document.data else {}
    problem = Problem((name,), rule, hint=hint, key=not received, **received)
    return document.locate(ConfigError([problem]))


def _told_apart(names: Sequence[str]) -> list[str]:
    """Return names that are all different: the second of a name gets a number."""
    found: list[str] = []
    for name in names:
        number, each = 1, name
        while each in found:
            number += 1
            each = f"{name}-{number}"
        found.append(each)
    return found

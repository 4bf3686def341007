"""Distributions that are not installed: a metadata folder and modules in a folder of their own."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from optiplug import registry


def fake_distribution(
    folder: Path,
    name: str,
    version: str = "1.0",
    *,
    points: Mapping[str, Mapping[str, str]] | None = None,
    modules: Mapping[str, str] | None = None,
    requires: Sequence[str] = (),
) -> Path:
    """Write a distribution that Python and importlib.metadata find once `folder` is on the path.

    `points` maps the groups of entry points ("optimizers" stands for "optiplug.optimizers") to
    names and targets; `modules` maps the names of modules to their source.
    """
    metadata = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    metadata.mkdir(parents=True)
    required = "".join(f"Requires-Dist: {each}\n" for each in requires)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{required}")
    sections = (
        f"[optiplug.{kind}]\n" + "".join(f"{key} = {target}\n" for key, target in offered.items())
        for kind, offered in (points or {}).items()
    )
    (metadata / "entry_points.txt").write_text("\n".join(sections))
    for module, source in (modules or {}).items():
        (folder / f"{module}.py").write_text(source)
    return folder


@contextmanager
def installing(folder: Path, monkeypatch: Any) -> Iterator[Callable[..., None]]:
    """Let fake distributions be put on the path; their modules, named fake_..., are forgotten afterwards.

    So is what the registry of this process has read of them, which may be asked by a test for the first time.
    """
    before = set(sys.modules)

    def install(name: str, version: str = "1.0", **parts: Any) -> None:
        monkeypatch.syspath_prepend(fake_distribution(folder / f"{name}-{version}", name, version, **parts))

    yield install
    for module in set(sys.modules) - before:
        if module.startswith("fake_"):
            del sys.modules[module]
    monkeypatch.undo()
    registry.refresh()


@contextmanager
def refreshing(folder: Path, monkeypatch: Any) -> Iterator[Callable[..., None]]:
    """Do the same, and let the registry of this process find them at once."""
    with installing(folder, monkeypatch) as install:

        def refreshed(name: str, version: str = "1.0", **parts: Any) -> None:
            install(name, version, **parts)
            registry.refresh()

        yield refreshed


def config_module(*classes: str, kind: str = "Optimizer") -> str:
    """Return the source of a module with these empty Config classes."""
    base = f"{kind}Config"
    return f"from optiplug import {base}\n" + "".join(
        f'class {name}({base}):\n    """{name} from a fake."""\n    implementation = "nowhere:{name}"\n'
        for name in classes
    )

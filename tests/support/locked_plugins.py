"""Distributions that come, go and change while a lock file says what they were."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from optiplug import registry
from optiplug.locking import Lock, lock_of, read_lock
from support.fake_distributions import config_module, fake_distribution

__all__ = ["LINES", "Installed"]

LINES = {
    "swift": config_module("Swift") + "    learning_rate: float = 1.0\n",
    "calm": config_module("Calm", kind="Schedule"),
}


class Installed:
    """What is on the path of a test."""

    def __init__(self, folder: Path, monkeypatch: Any) -> None:
        self._folder, self._monkeypatch = folder, monkeypatch
        self._modules: list[str] = []

    def swift(self, version: str = "1.4", text: str = "", name: str = "fake-swift", **parts: Any) -> Path:
        """Install a distribution with the optimizer `swift`, before others on the path; return its module."""
        return self.plugin("optimizers", "swift", name, version, LINES["swift"] + text, **parts)

    def plugin(self, kind: str, plugin: str, name: str, version: str, text: str, **parts: Any) -> Path:
        """Install a distribution with one plugin; return the file of its module."""
        module, folder = name.replace("-", "_"), self._folder / f"site-{len(self._modules)}"
        self._modules.append(module)
        target = f"{module}:{plugin.title()}"
        fake_distribution(
            folder, name, version, points={kind: {plugin: target}}, modules={module: text}, **parts
        )
        self._monkeypatch.syspath_prepend(folder)
        self.forget()
        return folder / f"{module}.py"

    def remove(self, module: Path) -> None:
        """Uninstall the distribution of a module."""
        self._monkeypatch.setattr(sys, "path", [each for each in sys.path if each != str(module.parent)])
        self.forget()

    def forget(self) -> None:
        """Let the process be as if nothing of them had been imported."""
        for name in self._modules:
            sys.modules.pop(name, None)
        registry.refresh()

    def lock(self, *references: str, path: Path | None = None) -> Lock:
        """Write and read a lock file of optimizers; nothing of the fakes stays imported."""
        path = path or self._folder / "optiplug.lock"
        classes = [registry.get("optimizers", each) for each in references]
        path.write_text(lock_of([each(**each.example) for each in classes]).text())
        self.forget()
        return read_lock(path)

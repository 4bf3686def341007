"""The plugins that the pages for authors show are plugins: they keep what every plugin promises."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from optiplug import OptimizerConfig, ProcessorConfig, ScheduleConfig
from optiplug.testing import run
from support.project_paths import ROOT

PYTHON = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXAMPLES = {
    "writing-a-plugin": ["SignMomentumConfig", "InverseRootConfig"],
    "hooks": ["LargestConfig", "DampConfig"],
    "advanced-plugins": [
        "TogetherConfig",
        "BoundedAdamConfig",
        "PartlyConfig",
        "CarefulConfig",
        "AfterConfig",
    ],
    "testing-a-plugin": ["PullConfig"],
}


def page_module(page: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return a module of the Python blocks of a page; in a file, as docstrings of fields are read there."""
    path = folder / f"{page.replace('-', '_')}.py"
    path.write_text("\n\n".join(PYTHON.findall((ROOT / "docs" / f"{page}.md").read_text())))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, path.stem, module)
    spec.loader.exec_module(module)
    return module


def defined(module: ModuleType) -> set[str]:
    """Return the names of the configs that a module defines itself."""
    bases = (OptimizerConfig, ProcessorConfig, ScheduleConfig)
    classes = {name: thing for name, thing in vars(module).items() if isinstance(thing, type)}
    return {
        name
        for name, thing in classes.items()
        if issubclass(thing, bases) and thing.__module__ == module.__name__
    }


@pytest.mark.slow
@pytest.mark.parametrize("page", EXAMPLES)
def test_every_example_of_a_page_keeps_its_promises(page, tmp_path, monkeypatch, registered):
    module = page_module(page, tmp_path, monkeypatch)
    if page == "writing-a-plugin":  # its config names a distribution that is not installed
        monkeypatch.setitem(sys.modules, "optiplug_sign_momentum.sign_momentum", module)
        registered(module.SignMomentum)
    configs = {name: getattr(module, name) for name in EXAMPLES[page]}

    failed = {
        (name, result.check.name): result.message
        for name, config in configs.items()
        for result in run(config(**config.example))
        if not result.ok
    }

    assert failed == {}
    # Two are there to fail, and one has no implementation.
    assert defined(module) - {"HastyConfig", "BoundConfig"} == set(configs)

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
FAST = {"SignMomentumConfig", "InverseRootConfig"}


def page_module(page: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return a module of the Python blocks of a page; in a file, as docstrings of fields are read there."""
    path = folder / f"{page.replace('-', '_')}.py"
    path.write_text("\n\n".join(PYTHON.findall((ROOT / "docs" / f"{page}.md").read_text())))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, path.stem, module)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
@pytest.mark.parametrize(
    ("page", "name"),
    [
        pytest.param(page, name, id=name, marks=() if name in FAST else pytest.mark.slow)
        for page, names in EXAMPLES.items()
        for name in names
    ],
)
def test_it_keeps_its_promises(page, name, tmp_path, monkeypatch, registered):
    module = page_module(page, tmp_path, monkeypatch)
    config = getattr(module, name)
    if page == "writing-a-plugin":  # its config names a distribution that is not installed
        monkeypatch.setitem(sys.modules, "optiplug_sign_momentum.sign_momentum", module)
        registered(module.SignMomentum)

    failed = {result.check.name: result.message for result in run(config(**config.example)) if not result.ok}

    assert failed == {}


@pytest.mark.slow
def test_no_example_is_left_out(tmp_path, monkeypatch, registered):
    bases = (OptimizerConfig, ProcessorConfig, ScheduleConfig)
    for page, names in EXAMPLES.items():
        defined = [
            name
            for name, thing in vars(page_module(page, tmp_path, monkeypatch)).items()
            if isinstance(thing, type)
            and issubclass(thing, bases)
            and thing.__module__ == page.replace("-", "_")
        ]
        # Two are there to fail, and one has no implementation.
        assert set(defined) - {"HastyConfig", "BoundConfig"} == set(names), page

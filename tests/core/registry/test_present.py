"""To look what is imported imports nothing."""

from __future__ import annotations

import sys

from optiplug._registry.present import present


def test_what_is_not_imported_is_not_there(tmp_path, monkeypatch):
    (tmp_path / "fake_absent.py").write_text("Thing = 1")
    monkeypatch.syspath_prepend(tmp_path)
    assert present("fake_absent:Thing") is None
    assert "fake_absent" not in sys.modules


def test_the_getattr_of_a_module_is_not_asked(monkeypatch):
    module = type(sys)("fake_lazy")
    module.__getattr__ = lambda _: 1 / 0
    module.Real = type("Real", (), {"Inner": 3})
    monkeypatch.setitem(sys.modules, "fake_lazy", module)
    assert present("fake_lazy:Lazy") is None
    assert present("fake_lazy:Real.Inner") == 3

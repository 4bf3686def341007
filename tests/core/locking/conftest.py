"""Distributions to be locked, which may come, go and change."""

from __future__ import annotations

import pytest

from support.locked_plugins import Installed


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Install and remove distributions; afterwards all is as it was."""
    installed = Installed(tmp_path, monkeypatch)
    yield installed
    monkeypatch.undo()
    installed.forget()

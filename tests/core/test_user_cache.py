"""The folder for caches is that of the platform and the user."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from optiplug._user_cache import is_private, user_cache


@pytest.mark.parametrize(
    ("platform", "variables", "folder"),
    [
        ("linux", {"XDG_CACHE_HOME": "/caches"}, "/caches/optiplug/xla"),
        ("linux", {"XDG_CACHE_HOME": ""}, "~/.cache/optiplug/xla"),
        ("darwin", {"XDG_CACHE_HOME": "/caches"}, "~/Library/Caches/optiplug/xla"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/optiplug/xla"),
        ("win32", {"LOCALAPPDATA": ""}, "~/AppData/Local/optiplug/xla"),
    ],
)
def test_it_is_where_the_platform_has_it(monkeypatch, platform, variables, folder):
    monkeypatch.setattr(sys, "platform", platform)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert user_cache("xla") == Path(folder)


@pytest.mark.parametrize(("mode", "private"), [(0o700, True), (0o755, True), (0o775, False), (0o707, False)])
def test_it_is_private_if_nobody_else_may_write(tmp_path, mode, private):
    tmp_path.chmod(mode)
    assert is_private(tmp_path.stat()) is private


def test_that_of_another_user_is_not_private(tmp_path, monkeypatch):
    mine = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: mine + 1)
    assert not is_private(tmp_path.stat())

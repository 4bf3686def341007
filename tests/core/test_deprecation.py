"""Old names go on working for the time that was promised, say so, and are all in one list."""

from __future__ import annotations

import ast
import importlib
from importlib.metadata import version

import pytest
from packaging.version import Version

import optiplug
from optiplug._config.keras_objects import renamed as renamed_arguments
from optiplug._deprecation import DEPRECATED, renamed
from support.project_paths import MODULES

NAMES = [name for name in DEPRECATED if name.startswith("optiplug.")]
USES = {"lr": lambda: renamed_arguments({"lr": 0.1})}


def used(name):
    """Use an old name as a user does."""
    if name in USES:
        return USES[name]()
    module, _, attribute = name.rpartition(".")
    return getattr(importlib.import_module(module), attribute)


@pytest.mark.parametrize("name", DEPRECATED)
def test_an_old_name_works_and_says_what_to_write(name):
    told = DEPRECATED[name]
    with pytest.warns(FutureWarning, match=f"`{name}` is deprecated since optiplug {told.since}") as caught:
        found = used(name)

    assert f"goes with {told.until}: write `{told.instead}`." in str(caught[0].message)
    if name in NAMES and told.instead.startswith("optiplug."):
        module, _, attribute = told.instead.rpartition(".")
        assert found is getattr(importlib.import_module(module), attribute)


@pytest.mark.parametrize("name", DEPRECATED)
def test_an_old_name_goes_when_it_was_said(name):
    told, now = DEPRECATED[name], Version(version("optiplug-core"))

    assert Version(told.since) <= now < Version(told.until), "its time is over: remove it"
    if now < Version("1"):
        assert Version(told.until) >= Version(f"0.{Version(told.since).minor + 2}")
    else:
        assert Version(told.until).major > Version(told.since).major


def test_nothing_else_warns_of_what_is_deprecated():
    found = [
        path.name
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Name) and node.id in {"DeprecationWarning", "FutureWarning"}
    ]

    assert found == ["_deprecation.py"]


def test_the_warning_is_at_the_line_that_has_the_old_name():
    with pytest.warns(FutureWarning) as caught:
        _ = (optiplug.NonNegative, optiplug.numerics.select)

    assert [warning.filename for warning in caught] == [__file__, __file__]


def test_what_was_never_there_is_no_old_name():
    assert renamed("optiplug", "Negative") is None
    with pytest.raises(AttributeError, match="no attribute 'Negative'"):
        _ = optiplug.Negative

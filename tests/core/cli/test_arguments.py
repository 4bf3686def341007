"""Options that several commands share are called alike, and each is explained."""

from __future__ import annotations

import inspect
from typing import get_args, get_type_hints

import pytest

from optiplug.cli import app, arguments

TYPES = {id(getattr(arguments, name)): name for name in arguments.__all__}


@pytest.mark.parametrize("name", arguments.__all__)
def test_each_is_used_and_explained(name):
    option = get_args(getattr(arguments, name))[1]
    assert option.help.endswith(".")
    assert all(each.startswith("-") for each in option.param_decls)
    users = [
        command.__name__
        for command in app._COMMANDS.values()
        if name in {TYPES.get(id(each)) for each in get_type_hints(command, include_extras=True).values()}
    ]
    assert users


def test_commands_that_read_a_config_to_use_it_take_a_lock():
    takers = {
        name
        for name, each in app._COMMANDS.items()
        if {"locked", "lock"} <= {*inspect.signature(each).parameters}
    }
    assert takers == {"check", "explain"}

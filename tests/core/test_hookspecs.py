"""Stages, their order, and the methods of an object that take part in them."""

from __future__ import annotations

import inspect

import pytest

from optiplug import hookimpl
from optiplug._hookspecs import ORDER, STAGES, HookSpecs, Stage, hook_names


class Watch:
    """Takes part in two stages."""

    @hookimpl
    def post_step(self, step): ...

    @hookimpl
    def clip(self, gradients): ...

    def decay(self, gradients): ...

    @property
    def gate(self):
        raise AssertionError("nothing of a hook may be run")


class Quiet(Watch):
    """Takes one of them back."""

    def clip(self, gradients): ...


def test_every_specification_has_its_place():
    specified = {name for name, member in vars(HookSpecs).items() if inspect.isfunction(member)}

    assert set(STAGES) == specified
    assert len({stage.name for stage in ORDER}) == len(ORDER)
    assert all(stage.summary.endswith(".") for stage in ORDER)
    assert [stage.name for stage in ORDER if not stage.takes_hooks] == [
        "aggregate",
        "share",
        "update_step",
        "constraint",
        "commit",
    ]


def test_parts_follow_each_other():
    parts = [stage.part for stage in ORDER]
    assert parts == sorted(parts, key=["every part", "replica", "gate", "core", "end"].index)


@pytest.mark.parametrize(
    ("name", "passes"), [("rate", "rates"), ("gate", "gradients"), ("update", "updates"), ("post_step", "")]
)
def test_what_is_handed_on(name, passes):
    assert next(stage for stage in ORDER if stage.name == name).passes == passes
    assert Stage("mine", "core", "Something.").passes == ""


def test_only_what_is_marked_takes_part():
    assert hook_names(Watch()) == hook_names(Watch) == ("clip", "post_step")
    assert hook_names(Quiet()) == ("post_step",)
    assert hook_names(object()) == ()

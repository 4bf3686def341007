"""The core of a step is what `ORDER` says, and a stage more is a line in it."""

from __future__ import annotations

import pytest
import tensorflow as tf

import optiplug
from optiplug import _hookspecs, hookimpl
from optiplug._step import core_stages, pipeline


@pytest.fixture
def with_stage(monkeypatch):
    """Add a stage after another one, in `ORDER` and by its signature in `HookSpecs`, and nowhere else."""

    def add(stage, after, specification):
        specification.__name__ = stage.name
        monkeypatch.setattr(
            _hookspecs.HookSpecs, stage.name, _hookspecs.hookspec(specification), raising=False
        )
        place = 1 + next(i for i, each in enumerate(_hookspecs.ORDER) if each.name == after)
        order = (*_hookspecs.ORDER[:place], stage, *_hookspecs.ORDER[place:])
        for module in (core_stages, pipeline):
            monkeypatch.setattr(module, "ORDER", order)

    return add


def step(processor, gradient=1.0):
    weight = tf.Variable(3.0)
    optimizer = optiplug.create("sgd", learning_rate=1.0, processors=[processor])
    optimizer.apply_gradients([(tf.constant(gradient), weight)])
    return float(weight)


def test_a_new_stage_of_gradients_takes_part(with_stage):
    def after_clip(self, gradients, step):
        raise NotImplementedError

    with_stage(_hookspecs.Stage("after_clip", "core"), "clip", after_clip)

    class Halves:
        @hookimpl
        def after_clip(self, gradients):
            return [gradient / 2 for gradient in gradients]

    assert step(Halves()) == 2.5


def test_a_stage_after_the_commit_sees_the_new_values(with_stage):
    def seen_after_commit(self, step):
        raise NotImplementedError

    with_stage(_hookspecs.Stage("seen_after_commit", "core"), "commit", seen_after_commit)
    seen = []

    class Looks:
        @hookimpl
        def seen_after_commit(self, step):
            seen.extend(variable.path for variable in step.variables if variable.assigned)

    assert step(Looks()) == 2.0
    assert seen == ["Variable"]


def test_what_is_assigned_after_the_commit_is_refused(with_stage):
    def seen_after_commit(self, step):
        raise NotImplementedError

    with_stage(_hookspecs.Stage("seen_after_commit", "core"), "commit", seen_after_commit)

    class Assigns:
        @hookimpl
        def seen_after_commit(self, step):
            for variable in step.variables:
                variable.assign(variable.value * 2)

    with pytest.raises(optiplug.HookError, match=r"after the commit\. Received: \['Variable'\]"):
        step(Assigns())


def test_every_built_in_stage_of_the_core_has_its_method():
    built_in = [stage for stage in _hookspecs.ORDER if stage.part == "core" and stage.built_in]
    assert [stage.name for stage in built_in if not hasattr(core_stages.CoreStages, f"_{stage.name}")] == []

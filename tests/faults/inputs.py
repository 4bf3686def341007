"""Checkpoints that are restored with other inputs than they were saved with, or into something else."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tensorflow as tf

import optiplug

from .apart import forked
from .subject import IDENTITY, Subject, filling, outcome, saving
from .tries import NOWHERE, Try, judged

__all__ = ["changed_inputs", "changes", "other_subjects"]

STEP = 1
MISMATCHED = ("MismatchedCheckpointError", "MissingPluginStateError")


def changed_inputs(root: Path) -> list[Try]:
    """Restore with every change of an identity: refused, unless its section may have changed."""
    assert forked(saving, root, range(1, STEP + 1)).code == 0
    (digests,) = forked(filling, range(STEP + 1)).yielded
    cases = list(_cases())
    ended = forked(_with_identities, root, cases)
    assert ended.code == 0, ended.printed
    tries = []
    for (what, _, allowed, refused), found in zip(cases, ended.yielded, strict=True):
        errors, steps = (["ChangedInputsError"], []) if refused else ([], [STEP])
        result = judged(f"{what}, allowed {allowed}", found, digests, steps=steps, errors=errors)
        told = refused or bool(found["changed"])
        tries.append(Try(result.what, result.outcome, result.fault or ("" if told else "not told")))
    return tries


def _cases() -> Iterator[tuple[str, dict[str, Any], list[str], bool]]:
    """Yield each change, with sections that may have changed, and whether that is refused."""
    for what, identity in changes():
        names = identity.keys() | IDENTITY.keys()
        changed = sorted(name for name in names if repr(identity.get(name)) != repr(IDENTITY.get(name)))
        yield what, identity, [], True
        yield what, identity, sorted(IDENTITY.keys() - set(changed)), True
        yield what, identity, changed, False


def _with_identities(folder: Path, cases: list[Any]) -> Iterator[dict[str, Any]]:
    subject = Subject()
    for _, identity, allowed, _ in cases:
        subject.fill(NOWHERE)
        yield outcome(subject, subject.checkpoints(folder, identity=identity), allow_changed=allowed)


def changes() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield identities that differ in one place each."""
    yield from _changed("another config", "config", lambda config: config["optimizer"].update(beta_1=0.8))
    yield from _changed("a key more", "config", lambda config: config.update(steps=3))
    yield from _changed("a key less", "config", lambda config: config.pop("seed"))
    yield from _changed("true for 1", "replicas", lambda replicas: replicas.update(count=True))
    yield from _changed("text for a number", "replicas", lambda replicas: replicas.update(count="1"))
    yield from _changed("another text", "data", lambda data: data.update(text="1" * 64))
    yield from _changed("another TensorFlow", "versions", lambda found: found.update(tensorflow="1.15.0"))
    yield from _changed(
        "another version", "versions", lambda found: found["optiplug-adam"].__setitem__(0, "9")
    )
    yield from _changed(
        "another RECORD", "versions", lambda found: found["optiplug-adam"].__setitem__(1, "2")
    )
    yield from _changed("two replicas", "replicas", lambda replicas: replicas.update(count=2))
    for section in IDENTITY:
        yield f"no {section}", {name: value for name, value in IDENTITY.items() if name != section}
    yield "a section more", {**IDENTITY, "hardware": {"cpu": 1}}


def _changed(what: str, section: str, change: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    identity = copy.deepcopy(IDENTITY)
    change(identity[section])
    yield what, identity


def other_subjects(root: Path) -> list[Try]:
    """Restore into models and optimizers that are not the ones that were saved: refused, nothing assigned."""
    assert forked(saving, root, range(1, STEP + 1)).code == 0
    ended = forked(_into_others, root)
    assert ended.code == 0, ended.printed
    return ended.yielded


def _into_others(folder: Path) -> Iterator[Try]:
    for what, subject in _others():
        subject.fill(NOWHERE)
        digests = {NOWHERE: subject.digest()}
        found = outcome(subject, subject.checkpoints(folder))
        yield judged(f"into {what}", found, digests, steps=[], errors=MISMATCHED)


def _others() -> Iterator[tuple[str, Subject]]:
    yield "another shape", Subject(width=33)
    for what, name, settings in (
        ("another optimizer", "sgd", {"momentum": 0.9}),
        ("more state", "adam", {"amsgrad": True, "processors": ["skip_non_finite", "ema"]}),
        ("less state", "adam", {"processors": [{"use": "ema", "momentum": 0.9}]}),
        ("no processors", "adam", {}),
    ):
        subject = Subject()
        subject.optimizer = optiplug.create(name, **settings)
        subject.optimizer.build(subject.model.trainable_variables)
        subject.values["optimizer"] = subject.optimizer
        yield what, subject
    subject = Subject()
    subject.model.more = tf.Variable(tf.zeros(3), name="more")
    yield "a variable more", subject
    subject = Subject()
    del subject.model.bias
    yield "a variable less", subject
    subject = Subject()
    subject.model.bias = tf.Variable(tf.zeros(32, tf.float64), name="bias")
    yield "another dtype", subject
    subject = Subject()
    subject.values["another"] = subject.values.pop("model")
    yield "another name", subject

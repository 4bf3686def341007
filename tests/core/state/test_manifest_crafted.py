"""A description of state that was changed by hand is refused, or restores the true state."""

from __future__ import annotations

import copy
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from optiplug import StateError
from optiplug._state.manifest import parsed
from support.crafted_checkpoints import (
    Text,
    assert_refused_or_equal,
    at,
    crafted,
    node,
    true_checkpoint,
    variables,
    written_description,
)

MOMENTS = ["after build", "before build", "read_state"]
PARTS = ["versions", "state", "packs", "variables", "alike"]
DEEP = "[" * 5000 + "]" * 5000
NONE, INF, NAN, BIG = None, float("inf"), float("nan"), 2**200
OTHERS = [NONE, 1, [], "x", NAN, True, INF, {"x": NONE}, {"x": [[1]]}, {"x": 1.5}, {"x": BIG}, {"x": [NAN]}]
KERNEL = "momentum/kernel"


def text(description):
    return json.dumps(description)


MALFORMED = {
    "empty": "",
    "null": "null",
    "a list": "[]",
    "nothing": "{}",
    "deep": DEEP,
    "deep inside": text(at((), true_checkpoint()[0])).replace('"packs": {', f'"packs": {{"x": {DEEP}, ', 1),
    "no UTF-8": b"\xff\xfe",
    "many digits": f'{{"versions": {{"": {"9" * 5000}}}, "state": {{}}}}',
    "twice": text(true_checkpoint()[0])[:-1] + ', "alike": {}}',
    "not a number": text(at(("alike",), {"x": [NAN]})),
    **{f"{part} is {value!r}": text(at((part,), value)) for part in PARTS for value in OTHERS},
    **{
        f"{key} of a variable is {value!r}": text(at(("variables", "kernel", key), value))
        for key in ("place", "shape", "value")
        for value in (True, INF, NAN, -1, 0.5, [INF], [True], {}, BIG)
    },
    **{
        f"spec is {value!r}": text(at(("state", KERNEL), value))
        for value in (NONE, [NONE, [2, 2]], ["float", "2"], ["x", [2]], ["float32", [-1]], ["float32", [BIG]])
    },
    "no names that are alike": text(at(("alike",), {"kernel": []})),
    "an empty pack": text(at(("packs", "x"), [])),
    "in two packs": text(at(("packs", "x"), [KERNEL])),
}


@pytest.mark.parametrize("kind", MALFORMED)
def test_what_is_malformed_is_refused(kind):
    with pytest.raises(StateError, match=r"malformed.*nothing was changed"):
        parsed(MALFORMED[kind], "here")


def test_what_was_written_is_not_malformed(tmp_path):
    description = written_description(tmp_path)
    assert description == true_checkpoint()[0]
    assert parsed(text(description), "here")["variables"] == description["variables"]


CONTRADICTIONS = {
    "another digest": at(("variables", "kernel", "value"), "1" * 16),
    "no digest": at(("variables", "kernel", "value"), ""),
    "a variable untold": at(("variables",), {"bias": true_checkpoint()[0]["variables"]["bias"]}),
    "another version": at(("versions", ""), 7),
    "another dtype": at(("state", KERNEL), ["float64", [2, 2]]),
    "another shape": at(("state", KERNEL), ["float32", [4]]),
    "one state more": at(("state", "momentum/x"), ["float32", [2]]),
}


@pytest.mark.parametrize("moment", MOMENTS[:2])
@pytest.mark.parametrize("kind", CONTRADICTIONS)
def test_what_the_checkpoint_contradicts_is_refused(tmp_path, kind, moment):
    state = variables(true_checkpoint()[1])
    path = crafted(tmp_path, node(state=node(by_name=state), manifest=Text(text(CONTRADICTIONS[kind]))))
    assert not assert_refused_or_equal(path, moment)


def places(value, path=()):
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, (*path, key))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.just(BIG),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=4,
)


@st.composite
def mutants(draw):
    """A true description with one to three changes."""
    description = true_checkpoint()[0]
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(list(places(description))))
        holder = description
        for key in path[:-1]:
            holder = holder[key]
        match draw(st.sampled_from(["replace", "delete", "copy", "nest"])):
            case "replace":
                description = at(path, draw(JSON), description)
            case "delete" if path:
                del holder[path[-1]]
            case "copy":
                source = draw(st.sampled_from(list(places(description))))
                inner = description
                for key in source:
                    inner = inner[key]
                description = at(path, copy.deepcopy(inner), description)
            case "nest":
                nested = draw(JSON)
                for _ in range(draw(st.sampled_from([1, 5, 200]))):
                    nested = [nested]
                description = at(path, nested, description)
    written = text(description)
    if draw(st.booleans()) and written.startswith("{") and written != "{}":
        part = draw(st.sampled_from(PARTS))
        written = f'{written[:-1]}, "{part}": {json.dumps(draw(JSON))}}}'
    return written


@settings(deadline=None, max_examples=200)
@given(mutants())
def test_any_change_is_read_or_refused(changed):
    try:
        read = parsed(changed, "here")
    except StateError:
        return
    assert read.keys() == {*PARTS}


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changed=mutants(), moment=st.sampled_from(MOMENTS))
@pytest.mark.filterwarnings("ignore:.*start afresh")
def test_any_change_restores_the_truth_or_nothing(tmp_path, changed, moment):
    state = variables(true_checkpoint()[1])
    path = crafted(tmp_path, node(state=node(by_name=state), manifest=Text(changed)))
    assert_refused_or_equal(path, moment)

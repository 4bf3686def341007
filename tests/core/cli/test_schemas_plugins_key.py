"""The key `plugins` in the JSON Schema: at the top of documents, and nowhere else."""

from __future__ import annotations

import jsonschema
import pytest

from optiplug.cli.schemas import document_schema

TRAIN = {"command": "train", "task": "digits", "steps": 1, "optimizer": {"use": "sgd"}}
GROUPS = [{"name": "a", "optimizer": {"use": "sgd", "plugins": {}}}, {"name": "b", "optimizer": "sgd"}]


@pytest.fixture(scope="module")
def errors():
    """Return the paths of the errors in a document."""
    validator = jsonschema.Draft202012Validator(document_schema()[0])
    return lambda document: [list(error.absolute_path) for error in validator.iter_errors(document)]


@pytest.mark.parametrize("document", [{"use": "sgd"}, {"use": "partition", "groups": GROUPS[1:]}, TRAIN])
def test_it_is_known_at_the_top(document, errors):
    assert (
        errors({**document, "plugins": {"require": ["a>=1"], "allow": [], "block": ["b"], "strict": True}})
        == []
    )
    assert errors({**document, "plugins": {"requires": []}}) == [["plugins"]]
    assert errors({**document, "plugins": {"strict": 1}}) == [["plugins", "strict"]]
    assert errors({**document, "plugins": {"allow": [3]}}) == [["plugins", "allow", 0]]


def test_it_is_refused_inside(errors):
    assert errors({"use": "partition", "groups": GROUPS}) == [["groups", 0, "optimizer"]]
    assert errors({**TRAIN, "optimizer": {"use": "sgd", "plugins": {}}}) == [["optimizer"]]
    assert errors({"use": "sgd", "processors": [{"use": "ema", "plugins": {}}]}) == [["processors", 0]]

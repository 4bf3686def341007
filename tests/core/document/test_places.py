"""Where in a document something is that was found out when variables were there."""

from __future__ import annotations

import pytest

from optiplug import ConfigError
from optiplug.document import located, override, parse, parse_setting

TEXT = """\
command: train
task: {use: chars, text: nowhere}
batch_size: 5
optimizer:
  use: partition
  groups:
    - {name: first, only: [a], optimizer: sgd}
    - name: second
      skip: [b]
      optimizer: {use: muon, output_axes: {c: [0]}}
  processors:
    - {use: weight_decay, rate: 0.1}
    - {use: weight_decay@optiplug-processors, rate: 0.1, only: [d]}
    - ema
  exclude_from_weight_decay: [e, f]
"""
DOCUMENT = parse(TEXT, "yaml", "run.yaml")


@pytest.mark.parametrize(
    ("where", "received", "place"),
    [
        ("task.text", "nowhere", "2:26: task.text"),
        ("batch_size", 5, "3:13: batch_size"),
        ("group 'first'.only", "a", "7:28: optimizer.groups[0].only[0]"),
        ("group 'second'", ["x"], "8:7: optimizer.groups[1]"),
        ("muon.output_axes", "c", "10:43: optimizer.groups[1].optimizer.output_axes"),
        ("weight_decay_2.only", "d", "13:65: optimizer.processors[1].only[0]"),
        ("ema", None, "14:7: optimizer.processors[2]"),
        ("partition.groups", ["x"], "7:5: optimizer.groups"),
        ("partition.exclude_from_weight_decay", "f", "15:34: optimizer.exclude_from_weight_decay[1]"),
        ("partition.exclude_from_weight_decay", ["e", "f"], "15:30: optimizer.exclude_from_weight_decay"),
    ],
)
def test_what_parts_say_is_found_in_the_file(where, received, place):
    error = located(ConfigError("is wrong", where=where, received=received), DOCUMENT)

    assert str(error) == f"run.yaml:{place}: is wrong. Received: {received!r}."


def test_what_was_set_is_found_in_the_setting():
    document = override(DOCUMENT, [parse_setting("batch_size=7")])
    error = located(ConfigError("is wrong", where="batch_size"), document)

    assert str(error) == "--set batch_size=7: batch_size: is wrong."


@pytest.mark.parametrize("document", [None, DOCUMENT])
def test_what_is_not_in_the_file_stays_as_it_is(document):
    error = ConfigError("is wrong", where="something else")

    assert str(located(error, document)) == "something else: is wrong."

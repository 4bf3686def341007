"""A card says of a plugin all that its config says."""

from __future__ import annotations

import json

from optiplug import OptimizerConfig, registry
from optiplug.cli.cards import cards


def test_show_has_every_field(run):
    result = run("show", "sgd", "--json")
    shown = json.loads(result.stdout)
    fields = {field["name"]: field for field in shown["fields"]}
    assert list(fields) == list(registry.get("optimizers", "sgd").model_fields)
    assert fields["momentum"]["type"] == "number or schedule"
    assert fields["momentum"]["bounds"] == ">= 0, <= 1"
    assert fields["ema_overwrite_frequency"]["type"] == "whole number or null"
    assert fields["jit_compile"]["type"] == 'true or false or "auto"'
    assert fields["processors"]["type"] == "list of text or processor"
    assert all(field["description"] and not field["required"] for field in fields.values())
    assert shown["implementation"] == "optiplug_sgd.sgd:SGD"
    text = run("show", "sgd").stdout
    assert all(field["description"] in text for field in fields.values())
    assert shown["docstring"] in text
    assert shown["paper"] in text


def test_what_code_has_registered_is_described(registered):
    class Here(OptimizerConfig):
        """Of this process."""

        implementation = "nowhere:Here"
        paper = "None: a test"

    entry = registered(Here, name="here")
    (card,) = cards([registry.find("optimizers", "here")])
    assert (card.text, card.paper, card.error) == ("Of this process.", "None: a test", "")
    assert entry is Here


def test_a_card_of_a_blocked_plugin_says_so():
    entry = registry.find("optimizers", "lion")
    registry.block("lion")
    try:
        (card,) = cards([entry])
    finally:
        registry.unblock("lion")
    assert (card.status, "blocked" in card.text) == ("blocked", True)
    assert card.summary


def test_show_says_what_is_required(run):
    row = next(
        line for line in run("show", "clip_by_norm").stdout.splitlines() if line.startswith("max_norm")
    )
    assert "required" in row
    assert "number or schedule, above 0" in row

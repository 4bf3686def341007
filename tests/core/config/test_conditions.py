"""Rules between fields hold in the JSON Schema as they do in the config."""

from __future__ import annotations

from itertools import product
from typing import ClassVar, Literal

import jsonschema
import pytest

from optiplug import ConfigError, OptimizerConfig

UNSET = object()


class Spring(OptimizerConfig):
    """Bounce."""

    implementation = "nowhere:Spring"
    needs: ClassVar = {"bounce": "height", "angle": "mode=tilted", "speed": "on"}

    height: float = 0.0
    bounce: bool = False
    mode: Literal["tilted", "upright"] = "upright"
    angle: float | None = None
    on: bool = True
    speed: int = 3


class Tilted(Spring):
    """Bounce aslant."""

    mode: Literal["tilted", "upright"] = "tilted"
    elementwise = True


class Clipped(Spring):
    """Bounce, but not far."""

    clipnorm: float | None = 1.0


CHOICES = {
    "height and bounce": {"height": [UNSET, 0.0, 2.0], "bounce": [UNSET, False, True]},
    "mode and angle": {"mode": [UNSET, "tilted", "upright"], "angle": [UNSET, None, 1.5]},
    "on and speed": {"on": [UNSET, False, True], "speed": [UNSET, 3, 4]},
    "clips": {name: [UNSET, None, 1.0] for name in ("clipnorm", "clipvalue", "global_clipnorm")},
    "average": {"use_ema": [UNSET, False, True], "ema_momentum": [UNSET, 0.99, 0.5]},
    "sparse": {"sparse": [UNSET, "exact", "lazy"]},
}


@pytest.mark.parametrize("config", [Spring, Tilted, Clipped])
@pytest.mark.parametrize("choices", CHOICES.values(), ids=CHOICES)
def test_a_schema_refuses_where_the_config_does(config, choices):
    validator = jsonschema.Draft202012Validator(config.model_json_schema())
    for chosen in product(*choices.values()):
        values = {key: value for key, value in zip(choices, chosen, strict=True) if value is not UNSET}
        found = {tuple(error.absolute_path) for error in validator.iter_errors({"use": "x", **values})}
        assert found == refused(config, values), values


def refused(config, values):
    try:
        config(**values)
    except ConfigError as error:
        return {problem.path for problem in error.problems}
    return set()


def test_editors_show_the_reason():
    schema = Spring.model_json_schema()
    reasons = [rule["else"]["properties"] for rule in schema["allOf"] if "else" in rule]
    assert {"const": False, "errorMessage": "has no effect without `height`", "doNotSuggest": True} in [
        each.get("bounce") for each in reasons
    ]

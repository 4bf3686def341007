"""Field types: what each accepts, refuses and says about itself in JSON Schema."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Annotated

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, TypeAdapter

from optiplug import (
    BelowOneScalar,
    NonNegativeScalar,
    Number,
    OptimizerConfig,
    PathGlobs,
    PositiveFloat,
    Scalar,
    ScheduleConfig,
    UnitScalar,
)
from optiplug.errors import ConfigError


class Ramp(ScheduleConfig):
    """Grow in a line."""

    implementation = "nowhere:Ramp"

    slope: float = 1.0
    """Growth per step."""


class Fields(OptimizerConfig):
    """One field of each type."""

    implementation = "nowhere:Fields"

    scalar: Scalar = 0.5
    """Any number."""
    learning_rate: NonNegativeScalar = 0.5
    """A rate."""
    non_negative: NonNegativeScalar = 0.5
    unit: BelowOneScalar = 0.5
    closed_unit: UnitScalar = 0.5
    positive: PositiveFloat = 0.5
    maybe: NonNegativeScalar | None = None
    paths: PathGlobs = ()
    bounded: Annotated[Scalar, Number(gt=-1, le=2)] = 0.5


BOUNDS = {
    "scalar": (None, None, None, None),
    "learning_rate": (None, 0, None, None),
    "non_negative": (None, 0, None, None),
    "unit": (None, 0, 1, None),
    "closed_unit": (None, 0, None, 1),
    "positive": (0, None, None, None),
    "maybe": (None, 0, None, None),
    "bounded": (-1, None, None, 2),
}
WITH_SCHEDULE = sorted(set(BOUNDS) - {"positive"})


SMALLEST = float(np.finfo(np.float32).tiny)


def fits(value, gt, ge, lt, le):
    """Whether a number keeps the bounds, as it is and as the float32 that a step makes of it."""
    with np.errstate(over="ignore", under="ignore"):
        single = float(np.float32(value))
    vanishes = value != 0 and abs(single) < SMALLEST
    return not vanishes and keeps(value, gt, ge, lt, le) and keeps(single, gt, ge, lt, le)


def keeps(value, gt, ge, lt, le):
    return (
        math.isfinite(value)
        and (gt is None or value > gt)
        and (ge is None or value >= ge)
        and (lt is None or value < lt)
        and (le is None or value <= le)
    )


NEAR_BOUNDS = [-1, -0.0, 1e-46, -1e-46, SMALLEST, 1e-38, 1 - 1e-9, 1 - 2**-24, 1, 2, 3.4e38, 1e39]


@given(
    field=st.sampled_from(sorted(BOUNDS)),
    value=st.floats() | st.integers(-3, 3) | st.sampled_from(NEAR_BOUNDS),
)
def test_a_number_is_accepted_if_finite_and_within_bounds(field, value):
    if fits(value, *BOUNDS[field]):
        accepted = getattr(Fields(**{field: value}), field)
        assert type(accepted) is float
        assert accepted == value
    else:
        rule = r"must be (finite|(>|>=|<|<=) -?\d|0, or )"
        with pytest.raises(ConfigError, match=rf"^{field}: {rule}.*Received: "):
            Fields(**{field: value})


@pytest.mark.parametrize("field", sorted(BOUNDS))
def test_the_bounds_themselves(field):
    for kind, bound in zip(("gt", "ge", "lt", "le"), BOUNDS[field], strict=True):
        if bound is None:
            continue
        if kind in ("ge", "le"):
            assert getattr(Fields(**{field: bound}), field) == bound
        else:
            with pytest.raises(ConfigError, match=rf"^{field}: must be [<>] {bound}\. Received: {bound}\."):
                Fields(**{field: bound})


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        (
            "positive",
            1e-46,
            "must be > 0 in float32, in which steps compute. Received: 1e-46. Hint: there it is 0.0.",
        ),
        (
            "unit",
            1 - 1e-9,
            "must be < 1 in float32, in which steps compute. Received: 0.999999999. Hint: there",
        ),
        ("scalar", -1e39, "must be finite in float32, in which steps compute. Received: -1e+39. Hint: there"),
        ("scalar", 1e-39, "must be 0, or 1.1754944e-38 or more in size, in float32, in which steps compute."),
    ],
)
def test_bounds_hold_in_float32_too(field, value, rule):
    with pytest.raises(ConfigError) as refused:
        Fields(**{field: value})
    assert str(refused.value).startswith(f"{field}: {rule}")


def test_a_bound_that_float32_cannot_hold_is_accepted_itself():
    tenth = Number(ge=0.1, le=0.1)
    assert tenth.check(0.1) == 0.1
    with pytest.raises(ConfigError, match=r"must be < 0\.1 in float32"):
        Number(lt=0.1).check(0.1 - 1e-12)


@pytest.mark.parametrize("field", sorted(BOUNDS))
@pytest.mark.parametrize(
    "value", [True, False, np.True_, "0.5", b"1", [0.5], (0.5,), {0.5}, 1j, float, np.ones(1), object()]
)
def test_what_is_no_number_is_refused(field, value):
    rule = "must be a number" if field == "positive" else "must be a number or a schedule"
    with pytest.raises(ConfigError, match=rf"^{field}: {rule}\. Received: "):
        Fields(**{field: value})


@pytest.mark.parametrize("value", [np.float32(0.5), np.float64(0.5), np.float16(0.5), Fraction(1, 2)])
def test_numbers_of_any_real_type_become_floats(value):
    config = Fields(learning_rate=value)
    assert type(config.learning_rate) is float
    assert config == Fields(learning_rate=0.5)
    assert type(Fields(learning_rate=np.int32(1)).learning_rate) is float


@pytest.mark.parametrize("value", [10**400, np.inf, np.float32("nan"), -np.inf])
def test_what_no_float_can_hold_is_not_finite(value):
    with pytest.raises(ConfigError, match=r"^scalar: must be finite"):
        Fields(scalar=value)


def test_decimals_are_not_real_numbers_to_python():
    with pytest.raises(ConfigError, match=r"^scalar: must be a number or a schedule"):
        Fields(scalar=Decimal("0.5"))


def test_a_quoted_number_is_answered_with_a_hint():
    with pytest.raises(ConfigError, match="Hint: write it without quotes"):
        Fields(learning_rate="1e-3")
    with pytest.raises(ConfigError) as caught:
        Fields(learning_rate="fast")
    assert "Hint" not in str(caught.value)


@pytest.mark.parametrize("field", WITH_SCHEDULE)
def test_a_schedule_may_stand_for_a_number(field, registered):
    registered(Ramp, "ramp")

    class Schedule:
        config = Ramp(slope=3)

    for schedule in ({"use": "ramp", "slope": 3.0}, Ramp(slope=3), Schedule()):
        assert getattr(Fields(**{field: schedule}), field) == Ramp(slope=3.0)
    assert Fields(**{field: Ramp()}).dump_fields()[field] == {"use": "ramp", "slope": 1.0}


def test_a_positive_number_is_no_schedule(registered):
    registered(Ramp, "ramp")
    for schedule in ({"use": "ramp"}, Ramp(), abs):
        with pytest.raises(ConfigError, match=r"^positive: must be a number"):
            Fields(positive=schedule)


@pytest.mark.parametrize("field", WITH_SCHEDULE)
def test_a_callable_is_kept_but_cannot_be_written(field):
    config = Fields(**{field: abs})
    assert getattr(config, field) is abs
    with pytest.raises(ConfigError, match=f"^{field}: can be used in code only.*Hint: .*schedule"):
        config.dump_fields()


def test_a_config_of_another_kind_is_no_schedule():
    with pytest.raises(ConfigError, match=r"^scalar: must be one of the schedules, not of the optimizers"):
        Fields(scalar=Fields())


@pytest.mark.parametrize("value", ["*/bias", "x", 3, None, {"a": 1}])
def test_a_selector_is_a_list_of_texts(value):
    with pytest.raises(ConfigError, match=r"^paths: must be a list"):
        Fields(paths=value)
    with pytest.raises(ConfigError, match=r"^paths\[1\]: must be a text. Received: 3"):
        Fields(paths=["a", 3])
    assert Fields(paths=["a", "b/*"]).paths == ("a", "b/*")


def test_the_schema_states_bounds_descriptions_and_defaults():
    properties = Fields.model_json_schema()["properties"]
    by_reference = {"type": "object", "required": ["use"]}
    for field, (gt, ge, lt, le) in BOUNDS.items():
        keys = ("exclusiveMinimum", "minimum", "exclusiveMaximum", "maximum")
        bounds = {key: bound for key, bound in zip(keys, (gt, ge, lt, le), strict=True) if bound is not None}
        number = {"type": "number", **bounds}
        described = properties[field]
        if field == "positive":
            assert described | number == described
            continue
        if field == "maybe":
            assert described["anyOf"][2] == {"type": "null"}
        assert described["anyOf"][0] == number
        assert described["anyOf"][1] | by_reference == described["anyOf"][1]
    assert properties["scalar"]["description"] == "Any number."
    assert properties["learning_rate"]["description"] == "A rate."
    assert properties["scalar"]["default"] == 0.5
    assert properties["paths"] | {"type": "array", "items": {"type": "string"}} == properties["paths"]


def test_number_shows_only_the_bounds_that_it_has():
    assert repr(Number(ge=0, lt=1)) == "Number(ge=0, lt=1, schedule=True)"


def test_plain_pydantic_fields_keep_the_same_rules():
    class Plain(OptimizerConfig):
        implementation = "nowhere:Plain"
        epsilon: Annotated[float, Field(gt=0)] = 1.0
        steps: Annotated[int, Field(ge=1, le=9)] = 1

    for rule, values in {
        "epsilon: must be > 0": {"epsilon": 0},
        "epsilon: must be finite": {"epsilon": math.nan},
        "epsilon: must be a number": {"epsilon": True},
        "steps: must be a whole number": {"steps": 1.0},
        "steps: must be >= 1": {"steps": 0},
        "steps: must be <= 9": {"steps": 10},
    }.items():
        with pytest.raises(ConfigError, match=rf"^{rule}\. Received: "):
            Plain(**values)


def test_a_schedule_validates_outside_of_a_config_too():
    assert TypeAdapter(NonNegativeScalar).validate_python(3) == 3.0

"""The key `plugins`: what is required is there, and what is allowed and blocked is known."""

from __future__ import annotations

import re

import jsonschema
import pytest

from optiplug._registry.document_control import SCHEMA
from optiplug.errors import ConfigError
from optiplug.registry import Registry


def problems(plugins):
    """Return the problems of a document with these, as text."""
    with pytest.raises(ConfigError) as caught, Registry().limited({"plugins": plugins}):
        pass
    return caught.value.problems


@pytest.mark.parametrize(
    "plugins",
    [
        {},
        {"require": [], "allow": [], "block": [], "strict": False},
        {"require": ["fake-swift", "Fake_Swift >= 1.2, <2", "numpy>=1", "packaging"]},
        {
            "allow": ["fake-swift", "Fake.Swift"],
            "block": ["sgd@optiplug-sgd", "sgd", "optiplug-lion", "evil"],
        },
    ],
)
def test_what_is_accepted(plugins, swift):
    with Registry().limited({"use": "sgd", "plugins": plugins}) as rest:
        assert rest == {"use": "sgd"}
    jsonschema.validate(plugins, SCHEMA)


def test_none_is_no_control():
    with Registry().limited({"plugins": None, "a": 1}) as rest:
        assert rest == {"a": 1}


@pytest.mark.parametrize(
    ("plugins", "path", "message", "missing"),
    [
        (
            {"require": ["fake-swift>=2"]},
            ("require", 0),
            "installed is fake-swift 1.4, which will not do",
            True,
        ),
        ({"require": ["fake-swfit"]}, ("require", 0), "not installed.*did you mean 'fake-swift'", True),
        ({"require": ["numpy>=1", "no-such-thing"]}, ("require", 1), "no-such-thing is not installed", True),
        ({"require": ["fake-swift>="]}, ("require", 0), "must ask for versions as in", False),
        ({"require": [f"fake-swift>={'1' * 5000}"]}, ("require", 0), "at most 256 characters", False),
        ({"require": ["fake-swift @ x:y"]}, ("require", 0), "must be DISTRIBUTION", False),
        ({"require": ["fake-swift; os_name=='x'"]}, ("require", 0), "must be DISTRIBUTION", False),
        ({"require": "fake-swift"}, ("require",), "must be a list", False),
        ({"allow": ["fake-swfit"]}, ("allow", 0), "is called so.*did you mean 'fake-swift'", True),
        ({"allow": ["numpy"]}, ("allow", 0), "no installed distribution with plugins", True),
        ({"allow": ["a b"]}, ("allow", 0), "must be the name of a distribution", False),
        ({"allow": [3]}, ("allow", 0), "must be a text", False),
        ({"block": ["sgdd"]}, ("block", 0), "did you mean 'sgd'", True),
        ({"block": ["fake-sw1ft"]}, ("block", 0), "did you mean 'fake-swift'", True),
        ({"block": ["os:system"]}, ("block", 0), "must be NAME, DISTRIBUTION", False),
        ({"strict": 1}, ("strict",), "must be true or false", False),
        ({"requires": []}, ("requires",), "is no key of `plugins`.*did you mean 'require'", False),
        ([], (), "must be a mapping", False),
    ],
)
def test_what_is_refused(plugins, path, message, missing, swift):
    (problem,) = problems(plugins)
    assert problem.path == ("plugins", *path)
    assert problem.plugin is missing
    assert re.search(message, str(problem))


def test_every_problem_is_told_at_once(swift):
    found = problems({"require": ["nope", "fake-swift>=9"], "allow": ["nope"], "strict": "yes"})
    assert [problem.path[1:] for problem in found] == [
        ("require", 0),
        ("require", 1),
        ("allow", 0),
        ("strict",),
    ]


def test_a_damaged_distribution_that_is_required_says_so(install, tmp_path):
    install("fake-hurt", points={"optimizers": {"hurt": "m:X"}})
    (tmp_path / "fake-hurt-1.0/fake_hurt-1.0.dist-info/METADATA").unlink()
    (problem,) = problems({"require": ["fake-hurt>=1"]})
    assert "cannot be used: METADATA is missing" in str(problem)
    (problem,) = problems({"strict": True})
    assert problem.path == ("plugins", "strict")
    assert "METADATA is missing" in problem.rule

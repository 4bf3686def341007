"""The conformance kit: whether a plugin keeps the promises of the framework.

Each promise is a `Check`. `parametrize_with_checks` makes one pytest test of each; `run` tries
all of them without pytest::

    from optiplug.testing import parametrize_with_checks

    @parametrize_with_checks([MyConfig(), MyConfig(nesterov=True)])
    def test_keeps_its_promises(config, check):
        check(config)

Importing this package imports neither TensorFlow nor pytest.
"""

from __future__ import annotations

from .check import Check, NotApplicable
from .collection import Result, checks, run
from .parametrization import parametrize_with_checks

__all__ = ["Check", "NotApplicable", "Result", "checks", "parametrize_with_checks", "run"]

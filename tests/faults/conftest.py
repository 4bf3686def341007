"""Where the tests of this folder run what may be killed."""

from __future__ import annotations

import pytest

from faults.apart import directors


@pytest.fixture(scope="session")
def director():
    """Return what calls a function in a process that may fork: `director(function, *arguments)`."""
    with directors() as executor:
        yield lambda function, *arguments, **settings: executor.submit(
            function, *arguments, **settings
        ).result()

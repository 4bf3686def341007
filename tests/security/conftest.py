"""Distributions, and what is done on behalf of a config."""

from __future__ import annotations

import pytest

from optiplug.cli.loading import load, read_config
from optiplug.errors import ConfigError
from security.watching import watched
from support.fake_distributions import refreshing

_ALL_OF_IT = [
    "use: sgd\nlearning_rate: {use: constant, value: 1}\nprocessors: [ema]\nclipnorm: 1\nuse_ema: true",
    "use: adam@optiplug-adam>=0",
    "command: train\ntask: digits\nsteps: 1\noptimizer: {use: sgd, exclude_from_weight_decay: ['?re:x']}",
]


@pytest.fixture(scope="session")
def refused(tmp_path_factory):
    """Return the error of a config, after a look at what was done meanwhile; None if it is one."""
    folder = tmp_path_factory.mktemp("configs")
    for number, text in enumerate(_ALL_OF_IT):  # what is imported late, as by the first such config
        (folder / f"{number}.yaml").write_text(text)
        load(read_config(str(folder / f"{number}.yaml"), ""))

    def error_of(path):
        error = None
        with watched() as done:
            try:
                load(read_config(str(path), ""))
            except ConfigError as raised:
                error = raised
        opened = [arguments[0] for event, arguments in done if event == "open"]
        assert {event for event, _ in done} <= {"open"}
        assert all(each == str(path) or isinstance(each, int) for each in opened)
        return error

    return error_of


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Put fake distributions on the path of the process-wide registry, for one test."""
    with refreshing(tmp_path, monkeypatch) as install:
        yield install

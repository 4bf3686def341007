"""What every test runs under."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections import Counter

import hypothesis
import pytest

from support import tf_devices
from support.clusters import in_cluster, two_workers

__all__ = ["in_cluster", "two_workers"]  # fixtures

gc.disable()  # until all that stays is imported
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["OPTIPLUG_TRIALS"] = "0"  # no test remembers what another has tried, unless it says where
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")  # expected numbers are those of a CPU

# The first example of a test may trace and compile, which takes as long as it takes; and a
# run in CI must find tomorrow what it finds today.
hypothesis.settings.register_profile("optiplug", deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.load_profile("optiplug")


@pytest.hookimpl(tryfirst=True)  # before those that are slow are left out
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as slow all but every n-th form of a test that is `sampled(n)`."""
    forms: Counter[str] = Counter()
    for item in items:
        sampled, name = item.get_closest_marker("sampled"), item.nodeid.partition("[")[0]
        if sampled is not None and forms[name] % sampled.args[0]:
            item.add_marker(pytest.mark.slow)
        forms[name] += 1


def pytest_collection_finish() -> None:
    """Choose the devices, after test modules were imported and before the first test."""
    tf_devices.configure()
    # All that was imported stays, and traces make objects by the hundred thousand.
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000)
    gc.enable()


@pytest.fixture
def signals_heard():
    """Let signals be heard where `nohup` or a shell ignores them, by processes of a test as well."""
    before = {signal.SIGINT: signal.default_int_handler, signal.SIGHUP: signal.SIG_DFL}
    before = {number: signal.signal(number, handler) for number, handler in before.items()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture(scope="module", autouse=True)
def _older_objects_are_left_alone():
    """Keep the collector from looking, again and again, at what earlier modules left behind.

    Much of what TensorFlow traces stays. Keras collects garbage whenever it clears its session, and the
    later in a run, the longer that takes.
    """
    yield
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="module", autouse=True)
def _no_module_of_a_fake_distribution_is_left():
    """Tell of what a later test would find, whichever that is."""
    yield
    assert [name for name in sys.modules if name.startswith("fake_")] == []


@pytest.fixture(scope="module", autouse=True)
def _operations_are_as_before():
    """Switch off what a run of the lab has switched on for its process, where it was that of the tests.

    Keras compiles no model while operations are to be deterministic, and warns.
    """
    yield
    config = sys.modules.get("tensorflow.python.framework.config")
    if config is not None and config.is_op_determinism_enabled():
        config.disable_op_determinism()

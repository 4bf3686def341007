"""Which worker an error of TensorFlow says to be lost."""

import pytest
import tensorflow as tf

from optiplug._distribution.lost_workers import ENDED, lost
from optiplug._distribution.workers import Workers

WORKERS = Workers(("worker 0 (one:1)", "worker 1 (two:1)", "worker 10 (ten:1)"), 0, "/device:CPU:0")
# As TensorFlow 2.21 wrote them.
UNHEALTHY = (
    "Collective ops is aborted by: Error reported from /job:worker/task:1: The following tasks are unhealthy "
    "(stopped sending heartbeats):\n/job:worker/replica:0/task:1\nThe tasks have crashed."
)
CLOSED = (
    "{{function_node __wrapped__CollectiveReduceV2_device_/job:worker/replica:0/task:0/device:CPU:0}} "
    "Collective ops is aborted by: Socket closed\nAdditional GRPC error information from remote target "
    "/job:worker/replica:0/task:1 while calling /tensorflow.WorkerService/RecvBuf:\n:UNKNOWN:Error"
)
SILENT = "Collective ops is aborted by: Deadline Exceeded\n\nRPC: /tensorflow.CoordinationService/Heartbeat"
RESET = "Collective ops is aborted by: recvmsg:Connection reset by peer"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (UNHEALTHY, ["worker 1 (two:1)"]),
        (UNHEALTHY.replace("task:1", "task:10"), ["worker 10 (ten:1)"]),
        (CLOSED, ["worker 1 (two:1)"]),
        (RESET, []),
        (f"{ENDED} of 9 s: no part was taken by worker 1 (two:1)", ["worker 1 (two:1)"]),
    ],
)
def test_the_worker_is_named(text, names):
    error = lost(tf.errors.UnavailableError(None, None, text), WORKERS)
    assert list(error.workers) == names
    assert "start all workers again" in str(error)
    assert all(name in str(error) for name in names)


def test_the_service_is_that_of_the_first_worker():
    error = lost(tf.errors.DeadlineExceededError(None, None, SILENT), WORKERS._replace(own=1))
    assert error.workers == ("worker 0 (one:1)",)
    assert "Received: 'Deadline Exceeded'" in str(error)


def test_without_a_cluster_nobody_is_named():
    assert lost(tf.errors.UnavailableError(None, None, UNHEALTHY), None).workers == ()


def test_of_two_it_is_the_other_one():
    pair = Workers(("worker 0 (one:1)", "worker 1 (two:1)"), 1, "/device:CPU:0")

    assert lost(tf.errors.UnavailableError(None, None, RESET), pair).workers == ("worker 0 (one:1)",)

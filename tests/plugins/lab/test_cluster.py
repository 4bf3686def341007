"""What TF_CONFIG tells of the workers of a run, and what of it is refused."""

from __future__ import annotations

import json

import pytest

from optiplug import ConfigError
from optiplug_lab.cluster import Cluster

TWO = {"worker": ["a:1", "b:1"]}


def told(cluster, task, **more):
    text = json.dumps({"cluster": cluster, "task": task, **more})
    return Cluster.of_environment({"TF_CONFIG": text})


@pytest.mark.parametrize("environment", [{}, {"TF_CONFIG": ""}, {"TF_CONFIG": " "}])
def test_a_process_without_it_is_alone(environment):
    assert Cluster.of_environment(environment) is None


@pytest.mark.parametrize(
    ("cluster", "task", "addresses", "index"),
    [
        (TWO, {"type": "worker", "index": 0}, ("a:1", "b:1"), 0),
        (TWO, {"type": "worker", "index": "1"}, ("a:1", "b:1"), 1),
        # A chief counts before the workers, in whichever order they are listed.
        ({**TWO, "chief": ["c:1"]}, {"type": "worker", "index": 1}, ("c:1", "a:1", "b:1"), 2),
        ({**TWO, "chief": ["c:1"]}, {"type": "chief", "index": 0}, ("c:1", "a:1", "b:1"), 0),
        # Kubeflow lists jobs without tasks, Vertex AI says more than is asked.
        ({**TWO, "ps": []}, {"type": "worker", "index": 0, "trial": "1", "cloud": {}}, ("a:1", "b:1"), 0),
    ],
)
def test_workers_are_counted_as_tensorflow_does(cluster, task, addresses, index):
    found = told(cluster, task, environment="cloud")

    assert (found.addresses, found.index, found.is_chief) == (addresses, index, index == 0)
    assert not found.local


FIRST = {"type": "worker", "index": 0}


@pytest.mark.parametrize(
    ("cluster", "task", "message"),
    [
        ([], {}, r"TF_CONFIG\.cluster: must be an object"),
        ({}, FIRST, r"TF_CONFIG\.cluster: must be an object"),
        (
            {"worker": "a:1"},
            {"type": "worker", "index": 0},
            r"\.cluster\.worker: must be a list of `host:port`",
        ),
        ({**TWO, "chief": ["a", "b"]}, {"type": "chief", "index": 0}, r"cluster\.chief: must be one address"),
        (
            {**TWO, "ps": ["c:1"]},
            {"type": "worker", "index": 0},
            r"cluster\.ps: has no part in `multi_worker`",
        ),
        (
            {**TWO, "wroker": ["c"]},
            {"type": "worker", "index": 0},
            r"cluster\.wroker: is no job of TensorFlow",
        ),
        (TWO, None, r"TF_CONFIG\.task\.type: must be one of worker"),
        (TWO, {"type": "chief", "index": 0}, r"TF_CONFIG\.task\.type: must be one of worker"),
        (
            TWO,
            {"type": "worker", "index": 2},
            r"TF_CONFIG\.task\.index: must be a place among the 2 of worker",
        ),
        (TWO, {"type": "worker"}, r"TF_CONFIG\.task\.index: must be a place"),
        (TWO, {"type": "worker", "index": "0" * 5_000}, r"TF_CONFIG\.task\.index: must be a place"),
    ],
)
def test_what_tensorflow_would_not_understand(cluster, task, message):
    with pytest.raises(ConfigError, match=message):
        told(cluster, task)


@pytest.mark.parametrize("text", ["{", "[]", "worker", "[" * 100_000, "9" * 5_000])
def test_what_is_no_object(text):
    with pytest.raises(ConfigError, match=r"^TF_CONFIG: must be"):
        Cluster.of_environment({"TF_CONFIG": text})


def test_local_workers_are_told_so():
    cluster = Cluster(("127.0.0.1:1", "127.0.0.1:2"), 0, local=True)

    found = Cluster.of_environment({"TF_CONFIG": cluster.text_of(1)})
    assert found == Cluster(cluster.addresses, 1, local=True)

"""Several processes save one step together: it is there when all parts are, or not at all."""

from __future__ import annotations

import json
import shutil
import threading

import pytest
import tensorflow as tf

from optiplug.checkpoint.checkpoints import Checkpoints
from optiplug.checkpoint.steps import saved_steps
from optiplug.errors import MismatchedCheckpointError, StateError
from support.saved_steps import names


def process(folder, number, count=2, value=0.0, patience=20.0, **options):
    variable = tf.Variable(value)
    checkpoints = Checkpoints(
        folder, {"x": variable}, process=number, processes=count, patience=patience, **options
    )
    return checkpoints, variable


def save_all(processes, step):
    """Save a step in all processes, the last one first."""
    errors = []

    def run(checkpoints):
        try:
            checkpoints.save(step)
        except Exception as error:  # noqa: BLE001
            errors.append(error)

    threads = [threading.Thread(target=run, args=(each,)) for each in reversed(processes)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_each_process_gets_its_part_back(tmp_path):
    made = [process(tmp_path, number, 3, value=10.0 + number) for number in range(3)]
    for step in (1, 2, 3):
        save_all([checkpoints for checkpoints, _ in made], step)

    steps = saved_steps(tmp_path)
    assert [each.step for each in steps] == [2, 3]
    steps[-1].verify()
    assert len(steps[-1].manifest.table) == 2 * 3
    for number, (checkpoints, variable) in enumerate(made):
        variable.assign(0.0)
        assert checkpoints.restore().step == 3
        assert float(variable) == 10.0 + number
    assert names(tmp_path) == [".lock", ".parts", "step-00000002", "step-00000003"]


def test_another_number_of_processes_is_refused(tmp_path):
    made = [process(tmp_path, number) for number in range(2)]
    save_all([checkpoints for checkpoints, _ in made], 1)

    for number, count in ((0, 1), (0, 3), (2, 3)):
        with pytest.raises(MismatchedCheckpointError, match="parts of other processes"):
            process(tmp_path, number, count)[0].restore()


def test_who_is_not_there_is_told(tmp_path):
    with pytest.raises(StateError, match=r"process 0 waited 0\.1 seconds for process 1 to save step 1"):
        process(tmp_path, 0, patience=0.1)[0].save(1)
    assert saved_steps(tmp_path) == []

    shutil.rmtree(tmp_path)
    with pytest.raises(StateError, match=r"process 1 waited 0\.1 seconds for the first process"):
        process(tmp_path, 1, patience=0.1)[0].save(1)


def test_a_part_of_a_killed_process_is_not_taken(tmp_path):
    made = [process(tmp_path, number, value=1.0) for number in range(2)]
    save_all([checkpoints for checkpoints, _ in made], 1)
    session = json.loads((tmp_path / ".parts").read_text())
    stale = tmp_path / f".part-00000002-00001-of-00002-{session['token']}"
    stale.mkdir()
    (stale / "part.json").write_text("{}")
    for checkpoints, _ in made:
        checkpoints.close()

    again = [process(tmp_path, number, value=2.0) for number in range(2)]
    for checkpoints, _ in again:
        checkpoints.restore()
    for _, variable in again:
        variable.assign(5.0)
    save_all([checkpoints for checkpoints, _ in again], 2)
    for checkpoints, variable in again:
        variable.assign(0.0)
        checkpoints.restore()
        assert float(variable) == 5.0


@pytest.mark.parametrize(("number", "count"), [(-1, 1), (1, 1), (0, 0), (True, 2), ("0", 2)])
def test_a_process_is_a_number_below_theirs(tmp_path, number, count):
    with pytest.raises(ValueError, match="process"):
        process(tmp_path, number, count)

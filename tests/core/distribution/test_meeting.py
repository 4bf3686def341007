"""Workers meet before they read what is spread over them; one that comes alone is told so."""

from support.sharded_runs import Run
from support.sharded_workers import SAVED, alone, digest, run_workers, saving
from support.strategies import mirrored


def test_saving_takes_all_workers(tmp_path):
    """One that saves alone is told so, and nothing is broken: they go on, and then save together."""
    results = run_workers(saving, 2, tmp_path, saved_in=str(tmp_path))
    first, second = results
    assert "by all workers together" in first["refusal"]
    assert "worker 1" in first["refusal"]
    assert not second["refusal"]
    assert first["gathers"] == second["gathers"] == 1
    run = Run(mirrored(2), SAVED, sharded=False).train(range(5))
    assert {each["hash"] for each in results} == {digest(run)}
    assert digest(alone(tmp_path / "0", SAVED)) == digest(alone(tmp_path / "1", SAVED)) == digest(run)

"""A process that makes trials of a study: ``python -m optiplug_tune.worker``, which the command starts."""

from __future__ import annotations

import signal
import sys
from functools import partial
from pathlib import Path

from optiplug import OptiplugError
from optiplug.errors import plain
from optiplug_lab.worker_process import RENEWED, end_with_parent, is_worn

__all__ = ["main"]

_MOST_REGIONS = 8_000  # after some 50 runs of a small model, and 600 MB


def main(path: str, trials: str, sampler: str, pruner: str, timeout: str) -> None:
    """Make trials until there are as many, or time is over.

    It heeds no signal and puts nothing in order at its end: whatever ends it, the study has a way on. When
    who has started it is gone, its standard input ends, and it ends with it.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()
    from optiplug_lab.launch import prepare_tensorflow

    from .folder import StudyFolder
    from .samplers import Plan
    from .study import Study
    from .trials import make_trials
    from .workloads import Workload

    folder = StudyFolder(Path(path))
    kept = Study.kept(folder)
    if kept is None:
        raise SystemExit(f"{path}: there is no study")
    judging, plan = kept[0], Plan(int(trials), sampler, pruner, kept[1]["seed"])
    study = Study(folder.read_space(), judging, plan, folder)
    # Equal trials are equal bit for bit, whichever process makes them.
    prepare_tensorflow(0)
    objective = Workload(judging, between_seeds=pruner == "wilcoxon")
    try:
        worn = make_trials(
            study, objective, timeout=float(timeout), catch=Exception, until=partial(is_worn, _MOST_REGIONS)
        )
    except Exception as error:  # noqa: BLE001  # of objectives, which may raise anything
        words = str(error) if isinstance(error, OptiplugError) else f"{type(error).__name__}: {error}"
        print(plain(words), file=sys.stderr)  # noqa: T201
        raise SystemExit(1) from None
    finally:
        study.close()
    raise SystemExit(RENEWED if worn else 0)


if __name__ == "__main__":
    main(*sys.argv[1:])

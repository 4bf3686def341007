"""From a validated config to a finished run, in a terminal."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
import warnings
from collections.abc import Callable, Collection, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from optiplug import ConfigError
from optiplug.document import Document, located

from .cluster import Cluster
from .config import TrainConfig
from .folder import RunFolder
from .words import say

if TYPE_CHECKING:
    from .run import Run

__all__ = ["launch", "prepare_tensorflow"]


def launch(
    config: TrainConfig,
    folder: RunFolder | None,
    *,
    cluster: Cluster | None = None,
    document: Document | None = None,
    resume: bool = False,
    allow_changed: Collection[str] = (),
    rebuild_metrics: bool = False,
    as_json: bool = False,
    quiet: bool = False,
) -> None:
    """Train in a run folder, which is claimed, or go on in it; `document` is what the config was read from.

    A worker that is not the chief of its cluster has no folder.

    Raises
    ------
    ConfigError
        If the config breaks a rule that only shows with the task or the devices at hand.
    StateError
        If there is nothing to resume, or its inputs are others than those that are allowed.
    KeyboardInterrupt
        If interrupted; the run can be resumed.
    """
    stdout = sys.stdout
    # What a task prints is no data.
    with contextlib.redirect_stdout(sys.stderr), _warnings_told(folder.say if folder else say):
        prepare_tensorflow(config.seed)
        from .report import Report
        from .run import Run

        begin = partial(
            Run,
            config,
            folder,
            cluster=cluster,
            resume=resume,
            allow_changed=allow_changed,
            rebuild_metrics=rebuild_metrics,
        )
        if folder is None:
            with _begun(begin, document) as run:
                run.train()
            return
        with Report(folder, config.steps, stdout=stdout, as_json=as_json, quiet=quiet) as report:
            with _begun(begin, document) as run:
                report.start(run.step, run.trainer.devices)
                try:
                    summary = run.train(report)
                except KeyboardInterrupt:
                    report.interrupt(run.step)
                    raise
            report.end(summary)


def _begun(begin: Callable[[], Run], document: Document | None) -> Run:
    try:
        return begin()
    except ConfigError as error:
        raise located(error, document) from None


@contextlib.contextmanager
def _warnings_told(say: Callable[[str], None]) -> Iterator[None]:
    """Let what warns of the run, such as of a damaged checkpoint, be told without a place in the code."""
    with warnings.catch_warnings():
        shown = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
            if category is UserWarning:
                say(str(message))
            else:
                shown(message, category, *place, **more)

        warnings.showwarning = show
        yield


def prepare_tensorflow(seed: int) -> None:
    """Import it, and let equal runs be equal bit for bit."""
    # It logs the lack of a GPU as an error; what really fails raises.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with _native_stderr_muted(), _garbage_left():
        import tensorflow as tf
    tf.config.experimental.enable_op_determinism()
    tf.random.set_seed(seed)


@contextlib.contextmanager
def _garbage_left() -> Iterator[None]:
    """Collect no garbage: it is a quarter of an import that makes objects by the hundred thousand."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


@contextlib.contextmanager
def _native_stderr_muted() -> Iterator[None]:
    """Mute what libraries written in C++ say on stderr while they load, before they read any log level."""
    sys.stderr.flush()
    saved = os.dup(2)
    try:
        with open(os.devnull, "wb") as nowhere:  # noqa: PTH123  # a device, not a path
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)

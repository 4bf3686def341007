"""From a validated config to a finished run, in a terminal."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from .config import TrainConfig
from .folder import RunFolder

__all__ = ["launch"]


def launch(
    config: TrainConfig,
    name: str,
    *,
    resume: Path | None = None,
    run_dir: Path | None = None,
    quiet: bool = False,
) -> RunFolder:
    """Train in a new run folder, or go on in the folder `resume`; return the folder.

    Raises
    ------
    ConfigError
        If the config breaks a rule that only shows with the task or the devices at hand.
    StateError
        If there is nothing to resume, or something else than this config describes.
    KeyboardInterrupt
        If interrupted; the run can be resumed.
    """
    folder = RunFolder(resume) if resume is not None else RunFolder.new(run_dir, name)
    _prepare_tensorflow(config.seed)
    from .report import Bar, show_interrupted, show_summary
    from .run import Run

    run = Run(config, folder, resume=resume is not None)
    try:
        with Bar(name, run.step, config.steps, quiet=quiet) as bar:
            summary = run.train(bar)
    except KeyboardInterrupt:
        show_interrupted(run.step, folder)
        raise
    if not quiet:
        show_summary(summary, folder)
    return folder


def _prepare_tensorflow(seed: int) -> None:
    """Import it, and let equal runs be equal bit for bit."""
    # It logs the lack of a GPU as an error; what really fails raises.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with _native_stderr_muted():
        import tensorflow as tf
    tf.config.experimental.enable_op_determinism()
    tf.random.set_seed(seed)


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

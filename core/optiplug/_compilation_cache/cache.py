"""The switch: `optiplug.cache`, and the environment variable OPTIPLUG_CACHE."""

from __future__ import annotations

import atexit
import hashlib
import importlib.util
import os
import platform
import re
import sys
from importlib import import_module
from pathlib import Path

from optiplug._user_cache import user_cache
from optiplug.errors import BuildError, ConfigError

from .store import SESSION, ProgramStore, Session

__all__ = ["VARIABLE", "cache", "fill", "from_environment"]

VARIABLE = "OPTIPLUG_CACHE"
MEGABYTES = 200

_FLAGS, _DIRECTORY = "TF_XLA_FLAGS", "--tf_xla_persistent_cache_directory"
_OURS = re.compile(rf"{_DIRECTORY}=\S*{re.escape(SESSION)}\S* --tf_xla_persistent_cache_device_types=CPU")
_LIBRARIES = ("libtensorflow_cc*", "libtensorflow_framework*", "*/_pywrap_tensorflow_internal*")

_open: dict[Path, Session] = {}


def cache(directory: str | os.PathLike[str] | None = None, *, megabytes: int = MEGABYTES) -> Path:
    """Keep the programs that XLA compiles for the CPU on disk, for this process and later ones.

    A later process that takes the same steps reads them in place of compiling: that is about half of a
    first step. Call it before TensorFlow's first operation. Or set the environment variable OPTIPLUG_CACHE
    to a directory, or to 1 for the default one; then `import optiplug` has to come before it.

    It holds for all that TensorFlow compiles in this process. Programs are kept apart by TensorFlow's
    build, processor, threads and `XLA_FLAGS`, and are read only if their checksums are right. Any number
    of processes may share a directory.

    Parameters
    ----------
    directory
        Must belong to this user, and nobody else may write into it: what is in it is run. Default:
        ``optiplug/xla`` in the user's folder for caches.
    megabytes
        How large it may be when a process begins. The oldest programs are removed first.

    Returns
    -------
    Path
        The directory.

    Raises
    ------
    ConfigError
        If the directory cannot be used, has no room, or TF_XLA_FLAGS names another one.
    BuildError
        If TensorFlow has begun already, or another directory is in use.

    Examples
    --------
    >>> import pathlib, subprocess, sys, tempfile
    >>> program = "import optiplug, sys; print(optiplug.cache(sys.argv[1]).name)"
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     directory = pathlib.Path(folder, "programs")
    ...     subprocess.check_output([sys.executable, "-c", program, directory], text=True).strip()
    'programs'
    """
    folder = _begin(directory, megabytes)
    fill()
    return folder


def from_environment() -> None:
    """Begin what OPTIPLUG_CACHE says. Nothing is read yet: a listing of plugins need not wait for that."""
    value = os.environ.get(VARIABLE, "")
    if value not in ("", "0"):
        _begin(None if value == "1" else value, MEGABYTES)


def fill() -> None:
    """Let TensorFlow find the programs that are there, if a directory is in use."""
    for session in _open.values():
        session.fill()


def _begin(directory: str | os.PathLike[str] | None, megabytes: int) -> Path:
    folder = Path(user_cache("xla") if directory is None else directory).expanduser().absolute()
    if folder not in _open:
        _require_in_time(folder)
        flags = _foreign_flags(folder)
        key = _key(flags)
        session = ProgramStore(folder, key).open(megabytes * 10**6)
        _open[folder] = session
        # Programs that were compiled with other flags than the key says stay out.
        atexit.register(lambda: session.close(keep=_key(_foreign_flags(folder)) == key))
        ours = f"{_DIRECTORY}={session.folder} --tf_xla_persistent_cache_device_types=CPU"
        os.environ[_FLAGS] = f"{flags} {ours}".strip()
    return folder


def _require_in_time(folder: Path) -> None:
    if _open:
        raise BuildError(
            "compiled programs are kept in one directory",
            received=str(folder),
            hint=f"this process uses {next(iter(_open))}",
        )
    # Imported only where TensorFlow is: without it, nothing has begun.
    if "tensorflow" in sys.modules and import_module("optiplug._tf_private").has_begun():
        raise BuildError(
            "TensorFlow has begun, and no longer asks where to keep compiled programs",
            received=str(folder),
            hint="call `optiplug.cache` before TensorFlow's first operation, "
            f"or set {VARIABLE} and import optiplug before it",
        )


def _foreign_flags(folder: Path) -> str:
    """Return TF_XLA_FLAGS without what a parent process of ours has added."""
    flags = _OURS.sub("", os.environ.get(_FLAGS, "")).strip()
    if _DIRECTORY in flags:
        raise ConfigError(
            f"{_FLAGS} names a directory, too", where=str(folder), received=flags, hint="use one of both"
        )
    if re.search(r"[\s'\"]", str(folder)):
        raise ConfigError(
            "TensorFlow cannot use a directory with spaces or quotes in its path", received=str(folder)
        )
    return flags


def _key(flags: str) -> str:
    """Return the digest of what TensorFlow does not compare itself: its build, the processor, flags, threads.

    It compares the program as it was before it was compiled.
    """
    facts = [platform.platform(), *_build(), *_processor(), flags, os.environ.get("XLA_FLAGS", "")]
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:16]


def _build() -> list[str]:
    """Return what tells one build of TensorFlow from another, without importing it."""
    found = importlib.util.find_spec("tensorflow")
    folder = Path(found.origin).parent if found and found.origin else Path()
    libraries = sorted(path for pattern in _LIBRARIES for path in folder.glob(pattern))
    return [f"{path} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in libraries]


def _processor() -> list[str]:
    threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:  # of Linux only; elsewhere the name of the machine stands for its processor
        return [platform.node(), platform.processor(), str(threads)]
    words = ("flags", "Features", "model name", "CPU part")
    # A set, as each core has its own lines.
    return [str(threads), *sorted({line for line in lines if line.startswith(words)})]

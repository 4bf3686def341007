"""Modules of plugins that do what no plugin should when they are imported or described."""

from __future__ import annotations

from support.fake_distributions import config_module

_NO_CONFIG = "is not a Config class of the optimizers"
_META = """
class Meta(type):
    def __getattribute__(cls, name): raise RuntimeError
class Swift(metaclass=Meta): pass
"""
_SWIFT = config_module("Swift")

# By what they do: the source of a module, and a part of the reason that is given for it.
HOSTILE = {
    "raises": ("raise RuntimeError('no licence')", "RuntimeError: no licence"),
    "is wrong Python": ("def (", "SyntaxError"),
    "misses a module": ("import no_such_module", "No module named 'no_such_module'"),
    "misses the class": ("", "has no attribute 'Swift'"),
    "exits": ("import sys; sys.exit()", "SystemExit"),
    "exits with a text": ("import sys; sys.exit('so there')", "SystemExit: so there"),
    "ends the process": ("import os; os._exit(0)", "ended the process, with exit code 0"),
    "crashes": ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "ended the process, by SIGSEGV"),
    "hangs": ("import time; time.sleep(600)", "takes longer than"),
    "hangs deaf": (
        "import signal, time; signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32)); time.sleep(600)",
        "takes longer than",
    ),
    "interrupts": ("raise KeyboardInterrupt", "KeyboardInterrupt"),
    "raises what cannot be shown": (
        "class Mute(Exception):\n    def __str__(self): raise ValueError\nraise Mute",
        "Mute: its text cannot be shown, that raises ValueError",
    ),
    "raises what ends the program when shown": (
        "class Mute(Exception):\n    def __str__(self): raise SystemExit\nraise Mute",
        "Mute: its text cannot be shown, that raises SystemExit",
    ),
    "raises a megabyte": ("raise ValueError('x' * 1_000_000)", "(1,000,012 characters)"),
    "raises escapes": (r"raise ValueError('\x1b[2Jgone')", r"ValueError: \x1b[2Jgone"),
    "is no class": ("Swift = 3", _NO_CONFIG),
    "is no model": (
        "class Swift:\n    kind, implementation, paper = 'optimizers', 'a:b', ''",
        _NO_CONFIG,
    ),
    "is of another kind": (
        config_module("Swift", kind="Schedule"),
        _NO_CONFIG,
    ),
    "has a class that raises when asked": (_META, _NO_CONFIG),
    "reads its input": ("input()", "EOFError"),
}

# What can be imported, but says of itself what cannot be shown.
INDESCRIBABLE = {
    "has a paper that is no text": (f"{_SWIFT}    paper = 3\n", "`paper` of swift"),
    "has a summary that raises": (
        f"{_SWIFT}    @classmethod\n    def summary(cls): raise RuntimeError('dumb')\n",
        "cannot be described: RuntimeError: dumb",
    ),
    "has a summary that is no text": (
        f"{_SWIFT}    @classmethod\n    def summary(cls): return object()\n",
        "cannot be described: TypeError",
    ),
    "has a summary that ends the process": (
        f"import os\n{_SWIFT}    @classmethod\n    def summary(cls): os._exit(3)\n",
        "ended the process, with exit code 3",
    ),
    "says a megabyte": (f"{_SWIFT}    paper = 'x' * 1_000_000\n", "says more of itself than"),
    "has no schema": (
        f"{_SWIFT}    value: object = object()\n    other: 'Missing' = 1\n",
        "has no JSON Schema",
    ),
}

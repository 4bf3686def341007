"""An import that must fail is told, and none that may succeed: each case is imported as well."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from optiplug import registry
from optiplug._registry.certain_ends import CertainEnds
from optiplug._registry.modules import Modules

# Files of a package, and what is said of `fake_own.main` in it.
ENDS = {
    "raise": ("raise OSError('no licence')", "line 1 of fake_own.main is `raise OSError('no licence')`"),
    "after others": ("X = 1\nimport json\n\nraise OSError", "line 4 of fake_own.main is `raise OSError`"),
    "exit": ("exit()", "is `exit()`"),
    "sys.exit": ("import sys\nsys.exit('so there')", "is `sys.exit('so there')`"),
    "os._exit": ("import os, sys\nos._exit(0)", "is `os._exit(0)`"),
    "os.abort": ("import os.path\nos.abort()", "is `os.abort()`"),
    "a loop": ("while True:\n    for x in []: break\n    else: pass", "line 1 of fake_own.main is a loop"),
    "a loop of loops": ("while 1:\n    while True:\n        break", "is a loop without an end"),
    "a module": ("import no_such.inner", "no module 'no_such', which line 1 of fake_own.main imports"),
    "from a module": ("import json, pydantic\nfrom no_such import x", "there is no module 'no_such'"),
    "one of its own": ("from . import json as x, loads", "fake_own has no 'json', which line 1 of"),
    "a name of its own": ("from .other import b", "fake_own.other has no 'b', which line 1"),
    "a module of its own": ("from .none import b", "there is no module 'fake_own.none', which"),
    "its package": ("", "line 1 of fake_own is `raise OSError`", "raise OSError"),
    "what its package imports": ("", "line 1 of fake_own.bad is `raise OSError`", "from .bad import x"),
    "beside it": ("from . import bad", "line 1 of fake_own.bad is `raise OSError`"),
    "further": ("from .next import bad", "line 1 of fake_own.bad is `raise OSError`"),
    "no Python": ("from .wrong import bad", "SyntaxError: invalid syntax (line 1 of fake_own.wrong)"),
}
SOUND = {
    "nothing": "",
    "a raise that is caught": "try: raise OSError\nexcept OSError: pass",
    "a raise in a function": "def f(): raise OSError",
    "a condition": "if not __name__: raise OSError",
    "a module in a try": "try: import no_such\nexcept ImportError: pass",
    "for types": "from typing import TYPE_CHECKING\nif TYPE_CHECKING: import no_such",
    "suppressed": "import contextlib\nwith contextlib.suppress(ImportError): import no_such",
    "an exit of its own": "def exit(): pass\nexit()",
    "an exit of another": "from builtins import print as exit\nexit()",
    "another sys": "import types\nsys = types.SimpleNamespace(exit=print)\nsys.exit()",
    "another os": "import json as os\nos._exit = print\nos._exit()",
    "a patched exit": "import sys\nback = sys.exit\nsys.exit = print\nsys.exit()\nsys.exit = back",
    "set by name": "import sys\nback = sys.exit\nsetattr(sys, 'exit', print)\nsys.exit()\nsys.exit = back",
    "set out of sight": (
        "import sys\nback = sys.exit\nvars(sys).update(exit=print)\nsys.exit()\nvars(sys).update(exit=back)"
    ),
    "a loop that ends": "while True:\n    if __name__: break",
    "a break of the loop around": "while True:\n    for x in []: pass\n    else: break",
    "no loop": "while False: pass",
    "provided": "import sys, json\nsys.modules['no_such'] = json\nimport no_such",
    "provided by another": "from . import provider\nimport no_such",
    "provided in a function": "def f():\n    import fake_provider\nf()\nimport no_such",
    "provided by code": "exec('import fake_provider')\nimport no_such",
    "of others": "import json\nimport os.path\nfrom xml.dom import minidom",
    "its own": "import fake_own.other\nfrom .other import a\nfrom . import names\nfrom .names import x",
    "its own, all": "from .other import *\nfrom fake_own import *",
    "in a circle": "from . import round\nfrom .round import main",
}
FILES = {
    "__init__": "",
    "other": "a = 1",
    "bad": "raise OSError",
    "next": "from . import bad",
    "wrong": "def (",
    "provider": "import fake_provider",
    "names": "def __getattr__(name): return 3",
    "round": "from . import main",
}
IMPORTED = (
    "import sys; sys.path.insert(0, {path!r})\nimport importlib\n"
    "for number in range({count}):\n"
    "    sys.path[0] = f'{path}/{{number}}'\n    importlib.import_module('fake_own.main')\n"
    "    for name in ('no_such', *list(sys.modules)):\n"
    "        if name.startswith(('fake_', 'no_such')): sys.modules.pop(name, None)\n"
)


def write(folder, main, package=""):
    own = folder / "fake_own"
    own.mkdir(parents=True)
    for name, source in {**FILES, "__init__": package, "main": main}.items():
        (own / f"{name}.py").write_text(source)
    (folder / "fake_provider.py").write_text("import sys, json\nsys.modules['no_such'] = json\n")
    return folder


@pytest.fixture
def told(tmp_path, monkeypatch):
    """Return what ends the import of a module."""
    monkeypatch.syspath_prepend(tmp_path)

    def of(main, package=""):
        write(tmp_path, main, package)
        found = CertainEnds(Modules()).of("fake_own.main")
        assert not [name for name in sys.modules if name.startswith("fake_")]
        return found

    return of


@pytest.mark.parametrize("case", ENDS.values(), ids=ENDS)
def test_what_must_fail_is_told(told, case):
    assert case[1] in told(case[0], *case[2:])


@pytest.mark.parametrize("source", SOUND.values(), ids=SOUND)
def test_what_may_succeed_is_not(told, source):
    assert told(source) == ""


def test_those_imports_do_succeed(tmp_path):
    for number, source in enumerate(SOUND.values()):
        write(tmp_path / str(number), source)
    program = IMPORTED.format(path=str(tmp_path), count=len(SOUND))
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_and_those_that_must_fail_do(tmp_path):
    for number, (source, _, *package) in enumerate(ENDS.values()):
        if "loop" not in source and "while" not in source:
            write(tmp_path / str(number), source, *package)
    program = (
        "import os, sys, resource\nresource.setrlimit(resource.RLIMIT_CORE, (0, 0))\n"
        "for folder in sys.argv[1:]:\n"
        "    process = os.fork()\n    if process == 0:\n        sys.path[0] = folder\n"
        "        os.close(2)\n        import fake_own.main\n        os.write(1, folder.encode())\n"
        "        os._exit(0)\n    os.waitpid(process, 0)\n"
    )
    command = [sys.executable, "-c", program, *map(str, tmp_path.iterdir())]
    assert subprocess.run(command, check=True, capture_output=True, timeout=60).stdout == b""


def test_of_no_installed_plugin_it_is_said():
    ends = CertainEnds(Modules())
    assert [end for entry in registry.entries() if (end := ends.of(entry.target.partition(":")[0]))] == []


def test_a_package_of_any_size_is_read_in_parts(told, tmp_path):
    names = [f"m{number}" for number in range(100)]
    for name in names:
        (tmp_path / f"{name}.txt").touch()
    text = "".join(f"from . import {name}\n" for name in names)
    write(tmp_path / "large", text)
    for name in names:
        (tmp_path / "large" / "fake_own" / f"{name}.py").write_text("X = 1\n")
    read = []

    class Counted(Modules):
        def __getitem__(self, name):
            read.append(name)
            return super().__getitem__(name)

    sys.path.insert(0, os.fspath(tmp_path / "large"))
    try:
        assert CertainEnds(Counted()).of("fake_own.main") == ""
    finally:
        sys.path.remove(os.fspath(tmp_path / "large"))
    assert len(read) < 20

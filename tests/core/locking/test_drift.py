"""What is not as it was locked is refused, and none of its code is run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from optiplug import registry
from optiplug._config.base import resolve
from optiplug.document import parse
from optiplug.errors import ConfigError, DriftError, IncompatiblePluginError
from optiplug.locking import read_lock, under
from support.locked_plugins import LINES

TEXT = "use: swift\nlearning_rate: 0.5"


def load(lock, text=TEXT):
    document = parse(text, "yaml", "run.yaml")
    return under(lock, lambda: resolve("optimizers", document.data), document)


def changed(installed, module):
    module.write_text(module.read_text() + "# another formula\n")


def newer(installed, module):
    installed.swift("2.0")


def gone(installed, module):
    installed.remove(module)


def from_another(installed, module):
    installed.remove(module)
    installed.swift("9.9", name="fake-evil")


def no_longer_offered(installed, module):
    installed.remove(module)
    installed.plugin("optimizers", "slow", "fake-swift", "1.4", LINES["swift"].replace("Swift", "Slow"))


def pointed_elsewhere(installed, module):
    module.write_text(module.read_text() + "class Other(Swift):\n    pass\n")
    installed.lock("swift")
    points = next(module.parent.glob("*.dist-info")) / "entry_points.txt"
    points.write_text(points.read_text().replace(":Swift", ":Other"))
    installed.forget()


def shadowed(installed, module):
    """Another package of the name, of no distribution, comes first on the path."""
    folder = module.parent.with_name("shadow")
    folder.mkdir()
    (folder / module.name).write_text(module.read_text() + "# another formula\n")
    sys.path.insert(0, str(folder))
    installed.forget()


def out_of_reach(installed, module):
    module.unlink()


DRIFTS = {
    newer: "fake-swift 2.0 is installed, and 1.4 is locked in {lock}",
    changed: "the files of fake-swift 1.4 are not those locked in {lock}: their SHA-256 is ",
    gone: "fake-swift 1.4 is locked in {lock}, and not installed",
    from_another: "this is swift@fake-evil 9.9, and locked in {lock} is swift@fake-swift 1.4",
    no_longer_offered: "the files of fake-swift 1.4 are not those locked in {lock}",
    pointed_elsewhere: "the files of fake-swift 1.4 are not those locked in {lock}",
    shadowed: "the files of fake-swift 1.4 are not those locked in {lock}",
    out_of_reach: "the files of fake-swift 1.4 are not those locked in {lock}: their SHA-256 is out of reach",
}


def test_what_is_as_it_was_is_used(installed):
    installed.swift()
    lock = installed.lock("swift")
    assert load(lock).learning_rate == 0.5
    assert type(load(None)).__module__ == "fake_swift"


@pytest.mark.parametrize("drift", DRIFTS, ids=lambda drift: drift.__name__)
def test_each_drift_is_refused_before_import(installed, drift):
    module = installed.swift()
    lock = installed.lock("swift")
    drift(installed, module)
    with pytest.raises(DriftError) as caught:
        load(read_lock(lock.source))
    assert isinstance(caught.value, IncompatiblePluginError | ConfigError)
    (problem,) = caught.value.problems
    assert problem.position == "run.yaml:1:6"
    assert problem.rule.startswith(DRIFTS[drift].format(lock=lock.source))
    assert "optiplug lock FILE" in problem.hint
    assert not {"fake_swift", "fake_evil"} & set(sys.modules)


def test_a_rival_of_the_same_name_does_not_decide(installed):
    installed.swift()
    lock = installed.lock("swift")
    installed.swift("9.9", name="fake-evil")
    with pytest.raises(ConfigError, match="several distributions offer this name"):
        load(lock)
    assert load(lock, TEXT.replace("swift", "swift@fake-swift")).learning_rate == 0.5
    with pytest.raises(
        DriftError, match=r"this is swift@fake-evil 9\.9, and locked in .* is swift@fake-swift"
    ):
        load(lock, TEXT.replace("swift", "swift@fake-evil"))


def test_every_drift_is_told_at_once(installed):
    module = installed.swift()
    installed.plugin("schedules", "calm", "fake-calm", "1.0", LINES["calm"])
    lock = installed.lock("swift", "sgd", "partition")
    changed(installed, module)
    text = "use: partition\ngroups:\n- {name: a, optimizer: swift}\n- {name: b, optimizer: {use: sgd,\n"
    text += "    learning_rate: {use: calm}}}"
    with pytest.raises(DriftError) as caught:
        load(lock, text)
    told = [(each.position, each.rule.split(" in ")[0]) for each in caught.value.problems]
    assert told == [
        ("run.yaml:3:24", "the files of fake-swift 1.4 are not those locked"),
        ("run.yaml:5:26", "calm@fake-calm 1.0 is not locked"),
    ]


def test_the_same_is_told_once(installed):
    module = installed.swift()
    lock = installed.lock("swift", "partition")
    changed(installed, module)
    text = "use: partition\ngroups: [{name: a, optimizer: swift}, {name: b, optimizer: swift}]"
    with pytest.raises(DriftError) as caught:
        load(lock, text)
    assert len(caught.value.problems) == 1


def test_a_processor_of_a_keyword_counts(installed):
    lock = installed.lock("sgd")
    with pytest.raises(
        DriftError, match=r"1: clipnorm.use: clip_by_norm@optiplug-processors .* is not locked"
    ):
        load(lock, "use: sgd\nclipnorm: 1.0")
    processor = registry.get("processors", "clip_by_norm")(max_norm=1.0)
    with pytest.raises(DriftError, match=r"processors\[0\].use: clip_by_norm@optiplug-processors"):
        under(lock, lambda: registry.get("optimizers", "sgd")(processors=[processor]))


def test_what_a_plugin_requires_counts(installed):
    installed.plugin("schedules", "calm", "fake-calm", "1.0", LINES["calm"])
    installed.swift(requires=["fake-calm"])
    lock = installed.lock("swift")
    assert load(lock).learning_rate == 0.5
    calm = installed.plugin("schedules", "calm", "fake-calm", "1.1", LINES["calm"])
    with pytest.raises(DriftError, match=r"fake-calm 1\.1 is installed, and 1\.0 is locked"):
        load(lock)
    installed.remove(calm)
    assert load(lock).learning_rate == 0.5
    installed.swift(requires=["fake-calm", "optiplug_muon"])
    with pytest.raises(DriftError, match=r"optiplug-muon \S+ is required, and not locked in"):
        load(lock)


def test_metadata_cannot_hide_what_was_required(installed):
    calm = installed.plugin("schedules", "calm", "fake-calm", "1.0", LINES["calm"])
    installed.swift(requires=["fake-calm"])
    lock = installed.lock("swift")
    installed.remove(calm)
    installed.swift()
    with pytest.raises(DriftError, match=r"fake-calm 1\.0 is locked in .*, and not installed"):
        load(lock)


def test_another_core_is_refused_at_once(installed):
    installed.swift()
    lock = installed.lock("swift")
    path = Path(lock.source)
    path.write_text(path.read_text().replace(lock.file.distributions["optiplug-core"].sha256, "0" * 64))
    with pytest.raises(
        DriftError, match=r"optiplug.lock:\d+:1: .*the files of optiplug-core .* are not those"
    ):
        load(read_lock(path))
    assert "fake_swift" not in sys.modules


def test_what_code_has_registered_is_refused(installed):
    installed.swift()
    lock = installed.lock("swift")
    registry.register("optimizers", "mine", registry.get("optimizers", "swift"))
    try:
        with pytest.raises(DriftError, match="mine@this session is registered by code, and not locked"):
            load(lock, "use: mine")
        registry.register("optimizers", "swift", registry.get("optimizers", "sgd"), "fake-swift")
        with pytest.raises(ConfigError):
            load(lock)
    finally:
        registry.unregister("optimizers", "mine")
        registry.unregister("optimizers", "swift", "fake-swift")


def test_a_mistake_stays_a_mistake(installed):
    installed.swift()
    lock = installed.lock("swift")
    with pytest.raises(ConfigError) as caught:
        load(lock, "use: swift\nlearning_rat: 1")
    assert not isinstance(caught.value, DriftError)
    with pytest.raises(ConfigError, match="no installed distribution offers 'swfit'"):
        load(lock, "use: swfit")


def test_who_goes_on_without_it_does_not_get_by(installed):
    module = installed.swift()
    lock = installed.lock("swift", "sgd")
    changed(installed, module)

    def lenient():
        try:
            return resolve("optimizers", "swift")
        except ConfigError:
            return resolve("optimizers", "sgd")

    with pytest.raises(DriftError, match="the files of fake-swift"):
        under(lock, lenient)


def test_the_guard_ends_with_the_block(installed):
    module = installed.swift()
    lock = installed.lock("swift")
    changed(installed, module)
    with pytest.raises(DriftError):
        load(lock)
    assert load(None).learning_rate == 0.5


AUDITED = """
import json, sys
seen = []
def audit(event, arguments):
    if event == "import" and arguments[0].startswith("fake_"):
        seen.append(arguments[0])
    elif event == "exec" and "fake_" in arguments[0].co_filename:
        seen.append(arguments[0].co_filename)
sys.addaudithook(audit)
from optiplug import registry
from optiplug.cli import main
found = []
for folders, command in json.loads(sys.argv[1]):
    path, sys.argv[1:] = list(sys.path), command
    sys.path[:0] = folders
    registry.refresh()
    for name in [name for name in sys.modules if name.startswith("fake_")]:
        del sys.modules[name]
    del seen[:]
    try:
        main()
    except SystemExit as end:
        code = end.code
    else:
        code = 0
    sys.path[:] = path
    found.append([code, bool(seen), "tensorflow" in sys.modules])
print(json.dumps(found), file=sys.stderr)
"""


def test_an_audit_hook_sees_no_import(installed, tmp_path):
    module = installed.swift()
    installed.lock("swift")
    config = tmp_path / "run.yaml"
    config.write_text(TEXT)
    other = installed.swift("1.4", text="# another formula\n")
    third = installed.swift("2.0")
    evil = installed.swift("1.4", name="fake-evil")
    places = [[str(each.parent)] for each in (module, other, third, evil)]
    commands = [
        ["check", str(config), "--locked"],
        ["explain", str(config), "--locked"],
        ["lock", str(config), "--check"],
    ]
    cases = [(place, command) for command in commands for place in [*places, []]]
    run = subprocess.run(
        [sys.executable, "-c", AUDITED, json.dumps(cases)], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stderr.splitlines()[-1])
    # As locked: imported. Otherwise refused, in all of the other places, and not imported.
    assert found[:5] == [[0, True, False], *[[4, False, False]] * 4], run.stderr
    assert found[6:10] == [[4, False, False]] * 4
    assert found[10:] == [[0, True, False], *[[1, False, False]] * 4]

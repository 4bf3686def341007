"""What the page on several devices says of meshes: the example, and who refuses them."""

from __future__ import annotations

import re
import subprocess
import sys

import optiplug
from support.extensions import off_mesh
from support.project_paths import ROOT

PAGE = (ROOT / "docs" / "distributed.md").read_text()


def test_the_example_runs_in_a_process_of_its_own(tmp_path):
    section = re.split(r"^## ", PAGE.partition("\n## Meshes of DTensor\n")[2], flags=re.MULTILINE)[0]
    blocks = re.findall(r"^```py\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    script = tmp_path / "example.py"
    script.write_text("\n".join(blocks))
    command = [sys.executable, "-W", "error::UserWarning", str(script)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False)

    assert len(blocks) == 2
    assert not done.returncode, done.stderr


def test_what_says_so_is_in_the_table_and_nothing_else():
    _, _, *rows = off_mesh.lines()
    names = [row.partition("[")[2].partition("]")[0] for row in rows]

    assert names == ["lazyadam", "sam", "soap"]
    assert all(row.rpartition(" | ")[2].strip(" |") for row in rows)


def test_what_a_session_registers_is_listed_with_its_reason(registered):
    class FolderConfig(optiplug.OptimizerConfig):
        """Fold each variable."""

        no_mesh = "it folds | whole sheets"

    @registered
    class Folder(optiplug.Optimizer):
        Config = FolderConfig

    assert next(row for row in off_mesh.lines() if "folder" in row).endswith("| it folds \\| whole sheets |")

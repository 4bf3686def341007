"""What the page on several devices says of meshes: the example, and who refuses them."""

from __future__ import annotations

import os
import re

import optiplug
from support import forks
from support.extensions import off_mesh
from support.page_blocks import run_without_warnings
from support.project_paths import ROOT

PAGE = (ROOT / "docs" / "distributed.md").read_text()


def test_the_example_runs_in_a_process_of_its_own(tmp_path):
    section = re.split(r"^## ", PAGE.partition("\n## Meshes of DTensor\n")[2], flags=re.MULTILINE)[0]
    blocks = re.findall(r"^```py\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    script = tmp_path / "example.py"
    script.write_text("\n".join(blocks))
    fork = forks.begin(
        run_without_warnings,
        script,
        folder=tmp_path,
        environment=os.environ,
        out=tmp_path / "out",
        err=tmp_path / "err",
    )

    assert len(blocks) == 2
    assert fork.wait(240)
    assert fork.returncode == 0, fork.stderr


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

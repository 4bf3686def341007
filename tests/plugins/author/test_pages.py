"""`optiplug catalogue`: pages in Markdown of what is installed, whatever others have written into it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from inspect import cleandoc

import pytest

from optiplug_author.pages.catalogue import MARK
from optiplug_author.pages.docstrings import as_markdown, inline, printed_lines
from optiplug_author.pages.markdown import code, escaped, fenced, paragraph, pipe_table
from support.fake_distributions import fake_distribution

SOURCE = '''
from optiplug import CommandConfig, PositiveInt
print("imported")

class Greet(CommandConfig):
    """Greet <b>somebody</b> with a [link](javascript:alert(1)).

    As often::

        n = times * 2
    """
    implementation = "fake_pages:greet"
    paper = "Jo 2024, arXiv:2401.00001, https://example.org/a_b"
    times: PositiveInt = 1
    """How often | at most, <script>."""

class Lost(CommandConfig):
    """Lost."""
    implementation = "fake_nowhere:lost"

def greet():
    """Greet.

    # Not a heading

    ```
    <script>
    """
'''


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "path"
    points = {"commands": {"greet": "fake_pages:Greet"}}
    fake_distribution(path, "fake-pages", points=points, modules={"fake_pages": SOURCE})
    metadata = path / "fake_pages-1.0.dist-info" / "METADATA"
    links = "Project-URL: Docs, https://example.org/x\nProject-URL: Evil, javascript:alert(1)\n"
    metadata.write_text(metadata.read_text() + links)
    fake_distribution(path, "fake-lost", points={"commands": {"lost": "fake_pages:Lost"}})
    return path


@pytest.fixture
def catalogue(folder, tmp_path):
    """Return exit code, stdout and stderr of `optiplug catalogue` with these arguments."""

    def run(*arguments):
        path = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))
        done = subprocess.run(
            [sys.executable, "-m", "optiplug.cli", "catalogue", *map(str, arguments)],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": path, "COLUMNS": "200"},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    return run


def test_pages_of_a_distribution(catalogue, tmp_path):
    code, out, err = catalogue("docs/plugins", "--distribution", "fake_pages", "--json")
    pages = {name: (tmp_path / name).read_text() for name in json.loads(out)["pages"]}

    assert (code, "imported" in err) == (0, True)
    assert [name.removeprefix("docs/plugins/") for name in pages] == [
        "commands.md",
        "commands/greet.md",
        "index.md",
    ]
    assert all(text.startswith(MARK) for text in pages.values())
    page = pages["docs/plugins/commands/greet.md"]
    assert "# greet\n" in page
    assert "```math\n\\begin{aligned}\nn &= \\text{times} \\cdot 2\n\\end{aligned}\n```\n" in page
    assert "| `times` | whole number, at least 1 | `1` | How often \\| at most, \\<script>. |" in page
    assert "[arXiv:2401.00001](https://arxiv.org/abs/2401.00001), <https://example.org/a_b>." in page
    assert "Provided by `fake-pages` 1.0 as `fake_pages:Greet`." in page
    assert "[Docs](<https://example.org/x>)" in page
    assert "[greet](commands/greet.md)" in pages["docs/plugins/index.md"]


def test_what_others_write_is_text(catalogue, tmp_path):
    catalogue("docs", "--distribution", "fake-pages")
    page = (tmp_path / "docs" / "commands" / "greet.md").read_text()

    assert "<script>" not in page.replace("\\<script>", "")
    assert "<b>" not in page.replace("\\<b>", "")
    assert "\\[link\\](javascript" in page
    assert "Evil" not in page
    assert "\\# Not a heading" in page
    assert "\\`\\`\\` \\<script>" in page


def test_written_again_it_is_the_same_and_what_is_gone_goes(catalogue, tmp_path):
    catalogue("docs", "--distribution", "fake-pages")
    stale, own = tmp_path / "docs" / "optimizers" / "old.md", tmp_path / "docs" / "notes.md"
    stale.parent.mkdir()
    stale.write_text(f"{MARK}\nold")
    own.write_text("mine")
    before = (tmp_path / "docs" / "index.md").stat().st_mtime_ns

    code, out, _ = catalogue("docs", "--distribution", "fake-pages")

    assert (code, out) == (0, "docs: 3 pages\n")
    assert (tmp_path / "docs" / "index.md").stat().st_mtime_ns == before
    assert (stale.exists(), own.read_text()) == (False, "mine")


def test_what_it_did_not_write_is_in_the_way(catalogue, tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text("mine")

    code, _, err = catalogue("docs", "--distribution", "fake-pages")

    assert code == 3
    assert "docs/index.md: was not written by `optiplug catalogue`" in err
    assert [each.name for each in (tmp_path / "docs").iterdir()] == ["index.md"]


def test_what_cannot_be_used_has_no_page_and_is_told(catalogue, tmp_path):
    both = ("--distribution", "fake-pages", "--distribution", "fake-lost")
    code, out, err = catalogue("docs", *both, "--json")

    assert code == 4
    assert list(json.loads(out)["broken"]) == ["lost@fake-lost"]
    assert "lost@fake-lost 1.0 cannot be used, and has no page" in err
    assert "cannot be used" in (tmp_path / "docs" / "index.md").read_text()
    assert not (tmp_path / "docs" / "commands" / "lost.md").exists()


def test_an_unknown_distribution_is_refused(catalogue):
    code, _, err = catalogue("docs", "--distribution", "fake-page")
    assert (code, "did you mean 'fake-pages'?" in err) == (4, True)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("`beta_1` and ``a | b``", "`beta_1` and `a | b`"),
        ("see :class:`Adam` or `the site <https://x.org/y>`_", "see `Adam` or [the site](<https://x.org/y>)"),
        ("`here <javascript:alert(1)>`_", "`here`"),
        ("in *The Title* of 2 * 3 * 4", r"in *The Title* of 2 \* 3 \* 4"),
        ("a_b * c < 1 & {x} $y$", r"a\_b \* c \< 1 \& \{x} \$y\$"),
        ("arXiv:2409.11321.", "[arXiv:2409.11321](https://arxiv.org/abs/2409.11321)."),
        ("one\x1b[2J", "one\\\\x1b\\[2J"),
    ],
)
def test_a_line_of_a_docstring(text, written):
    assert inline(text) == written


def test_sections_and_lists_of_a_docstring():
    docstring = """What it does.

    Raises
    ------
    ConfigError
        If it must.
    ValueError
        If it
        may.

    Notes
    -----
    - one,
      in two lines
    - ``two``

    >>> 1 + 1
    2
    """

    assert printed_lines(as_markdown(cleandoc(docstring))) == (
        "What it does.\n\n## Raises\n\n- `ConfigError`: If it must.\n- `ValueError`: If it may.\n\n"
        "## Notes\n\n- one, in two lines\n- `two`\n\n```pycon\n>>> 1 + 1\n2\n```\n"
    )


def test_code_and_tables_end_where_they_should():
    assert code("a``b`") == "``` a``b` ```"
    assert fenced("```\nx")[0] == "````"
    assert paragraph("- no list") == "\\- no list"
    assert escaped("\u202e") == "\\\\u202e"
    assert list(pipe_table(("a",), [("b | c",), ("d \\| e",)]))[2:4] == ["| b \\| c |", "| d \\| e |"]


@pytest.mark.slow
def test_pages_of_an_optimizer_have_its_state(catalogue, tmp_path):
    code, _, err = catalogue("docs", "--distribution", "optiplug-adam")
    page = (tmp_path / "docs" / "optimizers" / "adam.md").read_text()

    assert code == 0, err
    assert "| `second_moment` | 4 |" in page
    assert "```yaml\nuse: adam\n" in page
    assert "| [adam](optimizers/adam.md) |" in (tmp_path / "docs" / "optimizers.md").read_text()

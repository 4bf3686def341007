"""Nothing on a page is cut at its edge, and the search shows what it found: as a browser draws it.

Looks at the pages that `make docs` has built.
"""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess

import pytest

from support.project_paths import ROOT

BUILT = ROOT / "docs" / "_build" / "html"
BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None
)
PAGES = [
    "index",
    "choosing",
    "quickstart",
    "hooks",
    "keras-2-15",
    "notebooks-and-research",
    "coming-from-torch-and-optax",
    "catalogue/optimizers/adam",
]
# What is wider than its place, and cannot be scrolled to; the page itself included.
MEASURE = """<script>
addEventListener("load", () => {
  const page = document.documentElement;
  const cut = [...document.querySelectorAll("pre, article p, article img, article li")]
    .filter((each) => each.scrollWidth > each.clientWidth + 1 && getComputedStyle(each).display !== "inline")
    .map((each) => each.tagName + ": " + each.textContent.slice(0, 60));
  if (page.scrollWidth > innerWidth + 1) cut.push("the page: " + page.scrollWidth);
  document.title = "measured " + JSON.stringify(cut);
});
</script>"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="needs Chromium or Chrome"),
    pytest.mark.skipif(not (BUILT / "index.html").exists(), reason="needs the pages that `make docs` builds"),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A copy of the pages, with a script in each that measures it."""
    folder = tmp_path_factory.mktemp("site") / "html"
    shutil.copytree(BUILT, folder, ignore=shutil.ignore_patterns(".doctrees", "_sources"))
    for page in PAGES:
        path = folder / f"{page}.html"
        path.write_text(path.read_text().replace("</head>", f"{MEASURE}</head>"))
    return folder


def drawn(address, width):
    """Return the page at an address as it is after its scripts have run."""
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=5000"]
    command = [BROWSER, *options, f"--window-size={width},900", "--dump-dom", address]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout


@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize("page", PAGES)
def test_nothing_is_cut(page, width, site):
    said = re.search(r"<title>measured (.*?)</title>", drawn(f"file://{site / page}.html", width))

    assert said, "the script has not run"
    assert json.loads(html.unescape(said[1])) == []


def test_the_search_has_excerpts(site):
    found = drawn(f"file://{site}/search.html?q=accumulate", 1280)

    assert len(re.findall(r'<p class="context">[^<]', found)) > 3

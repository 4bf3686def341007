"""The page as Chromium draws it: nothing is cut, and each width has its pictures."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import pytest

from optiplug_compare.report import write_report
from support.comparisons import comparison, of, row, run

BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None
)
MEASURE = """<script>
addEventListener("load", () => {
  const page = document.documentElement;
  const wide = [...document.querySelectorAll("p, figure, img, summary, h1, h2, .scroll, pre")]
    .filter((each) => each.getBoundingClientRect().right > innerWidth + 1)
    .map((each) => each.tagName + ": " + each.textContent.slice(0, 60));
  const pictures = [...document.images].map((each) => [each.naturalWidth, each.width]);
  const scrolls = [...document.querySelectorAll(".scroll")]
    .map((each) => each.scrollWidth > each.clientWidth);
  parent.postMessage({ inner: innerWidth, scroll: page.scrollWidth, wide, pictures, scrolls }, "*");
});
</script>"""
FRAME = """<script>
addEventListener("message", (event) => { document.title = "measured " + JSON.stringify(event.data); });
</script><iframe style="border: 0; width: WIDTHpx; height: 3000px" src="index.html"></iframe>"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="needs Chromium or Chrome"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The page of twelve optimizers, one with a name without a place to break it, with a script in it."""
    folder = tmp_path_factory.mktemp("report")
    names = [*(f"optimizer_{number}" for number in range(11)), 90 * "x"]
    judged = of(names, factors=(0.1, 10.0))
    lost = row("lost", run(ended="failed", problem=60 * "no space left on device "))
    (page, *_) = write_report(comparison(*judged.rows, lost, pairs=judged.pairs), folder)
    text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page.read_text())
    page.write_text(text.replace("</head>", f"{MEASURE}</head>"))
    return folder


# An inch has 96 pixels and 72 points, which SVG files are measured in.
@pytest.mark.parametrize(("width", "natural", "drawn"), [(400, 368, 368), (1280, 760, 928)])
def test_nothing_is_cut_and_pictures_fit_the_window(folder, tmp_path, width, natural, drawn):
    frame = folder / f"frame-{width}.html"
    frame.write_text(FRAME.replace("WIDTH", str(width)))
    command = [
        BROWSER,
        *(
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--hide-scrollbars",
        ),
        *("--allow-file-access-from-files", f"--user-data-dir={tmp_path}", "--window-size=1400,3000"),
        *("--virtual-time-budget=10000", "--dump-dom", f"file://{frame}"),
    ]
    dom = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    found = json.loads(re.search(r"<title>measured (.*?)</title>", dom).group(1))

    assert found["inner"] == width
    assert found["scroll"] <= width
    assert found["wide"] == []
    assert found["pictures"] == [[round(natural * 96 / 72), drawn]] * 5
    assert found["scrolls"][1]  # the table of pairs, within its own box

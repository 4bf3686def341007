from __future__ import annotations

import base64
import math
import re
from html.parser import HTMLParser

import pytest

from optiplug_compare.report import Section, Table, write_report
from support.comparisons import comparison, of, row, run
from support.full_disks import limited_file_size

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=http://evil/x.png onerror=alert(1)>',
    "</style><b>bold",
    "{{ 7 * 7 }}",
    "$\\frac{1}$",
    "back \u202e to front",
    "\x1b]0;title\x07",
    "two\nlines",
    "最適化",
]


class Page(HTMLParser):
    """What is on a page: its texts, tags and attributes."""

    def __init__(self, path):
        super().__init__()
        self.texts, self.tags, self.attributes = [], [], []
        self.source = path.read_text()
        self.feed(self.source)
        self.text = " ".join(" ".join(self.texts).split())

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_data(self, data):
        if self.tags[-1:] != ["style"]:
            self.texts.append(data)


def page(tmp_path, judged, sections=()):
    return Page(write_report(judged, tmp_path / "report", sections)[0])


@pytest.fixture(scope="module")
def usual(tmp_path_factory):
    judged = of(["sgd", "adamw"], factors=(0.1,))
    lost = row("wild", run(ended="diverged", problem="the loss is NaN at step 100"), state_bytes=1250)
    folder = tmp_path_factory.mktemp("usual")
    files = write_report(judged.model_copy(update={"rows": (*judged.rows, lost), "made": "today"}), folder)
    return files, Page(files[0])


def test_files(usual):
    files, _ = usual

    assert [path.name for path in files] == [
        "index.html",
        *(
            f"{name}.png"
            for name in ("figure-steps", "figure-seconds", "loss-steps", "loss-seconds", "rates")
        ),
    ]
    assert {path.name for path in files[0].parent.iterdir()} == {path.name for path in files}
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in files[1:])


def test_the_text_says_what_pictures_show(usual):
    _, shown = usual

    for said in (
        "3 optimizers on the task digits: 200 steps of 128 examples with 3 seeds each",
        "judged by held-out accuracy, higher is better, with 0.9 as the target.",
        "adamw is best: a mean held-out accuracy of 0.9",
        "1 of the others could not be tested",
        "not reached",
        "better p=0.010",
        "1 diverged",
        "12.5",
        "the loss is NaN at step 100",
        "use: adamw beta_1: 0.9",
        "optiplug train",
        "keras 3",
        "Made today.",
    ):
        assert said in shown.text, said


def test_contents_are_in_their_order(usual):
    _, shown = usual
    order = [
        "A comparison",
        "is best",
        "Final figures",
        "Is the difference",
        "Pictures",
        "not done",
        "Configs",
    ]
    places = [shown.text.index(each, 20 if number else 0) for number, each in enumerate(order)]

    assert places == sorted(places)


def test_nothing_remote_and_no_script(usual):
    _, shown = usual
    sources = [value for _, name, value in shown.attributes if name in ("src", "srcset", "href", "style")]

    assert len(sources) == 10
    assert all(value.startswith("data:image/svg+xml;base64,") for value in sources)
    assert not {"script", "link", "iframe", "object", "base", "form"} & set(shown.tags)
    assert not [name for _, name, _ in shown.attributes if name.startswith("on")]
    assert not re.search(r"url\(|@import|https?:", re.sub('base64,[^"]*', "", shown.source))
    for value in sources:
        picture = base64.b64decode(value.partition(",")[2]).decode()
        assert not re.findall(r'href="(?!#)[^"]*"|<script|<image|<foreignObject', picture)


def test_every_picture_has_a_description(usual):
    _, shown = usual
    described = [value for tag, name, value in shown.attributes if (tag, name) == ("img", "alt")]

    assert len(described) == 5
    assert described[0].startswith("Lines of held-out accuracy against steps. They end at: adamw 0.9")


def test_hostile_names_are_texts(tmp_path):
    plain = Page(write_report(of(["a", "b"]), tmp_path / "plain")[0])
    rows = [row(name, run(), config={"use": name, name: [name]}, command=name) for name in HOSTILE]
    hostile = comparison(*rows, title=HOSTILE[0], task={"use": HOSTILE[1]}, versions={HOSTILE[2]: HOSTILE[3]})
    shown = page(
        tmp_path, hostile, [Section(HOSTILE[0], HOSTILE, table=Table(HOSTILE, [HOSTILE], HOSTILE[1]))]
    )

    assert set(shown.tags) <= {*plain.tags, "pre", "table", "li"}
    assert not [name for _, name, _ in shown.attributes if name.startswith("on")]
    for name in HOSTILE[:5]:
        assert name in shown.text
    assert "back \\u202e to front" in shown.text
    assert "two\\nlines" in shown.text
    assert not [each for each in shown.source if not each.isprintable() and each != "\n"]


def test_numbers_that_are_none_are_words(tmp_path):
    odd = run().model_copy(update={"final": {"accuracy": math.nan}})
    endless = run().model_copy(update={"final": {"accuracy": math.inf}})
    shown = page(tmp_path, comparison(row("odd", odd), row("endless", endless, config={"eps": math.inf})))

    assert "not a number" in shown.text
    assert "infinity" in shown.text
    assert not re.search(r"\b(nan|NaN|None|null)\b", shown.text)
    assert not re.search(r"\binf\b", shown.text.replace("eps: .inf", ""))


@pytest.mark.parametrize(
    "judged",
    [
        comparison(),
        comparison(row("never")),
        comparison(row("failed", run(ended="failed", problem="no space left"))),
        comparison(row("lost", run(ended="diverged"))),
        comparison(row("one", run())),
        comparison(row("busy", run(ended="running"))),
    ],
    ids=["no row", "no run", "failed", "diverged", "one", "running"],
)
def test_little_is_shown_as_little(tmp_path, judged):
    shown = page(tmp_path, judged)
    said = {"never": "not run", "failed": "no space left", "lost": "1 diverged", "one": "1 done"}
    said["busy"] = "no reason is recorded"

    assert all(said[each.name] in shown.text for each in judged.rows)
    assert ("Runs that are not done" in shown.text) is any(
        one.ended != "done" for each in judged.rows for one in each.runs
    )


def test_sections_of_a_caller(tmp_path):
    picture = write_report(of(["sgd"]), tmp_path / "other")[1].read_bytes()
    table = Table(("field", "importance"), [("learning_rate", "0.91")], "By fANOVA.")
    sections = [Section("Importance", ("What matters.",), picture, "Bars.", table), Section("Slices")]
    shown = page(tmp_path, of(["sgd"]), sections)

    assert "Importance What matters. field importance learning_rate 0.91 By fANOVA. Slices" in shown.text
    assert f"data:image/png;base64,{base64.b64encode(picture).decode()}" in shown.source
    assert ("img", "alt", "Bars.") in shown.attributes


@pytest.mark.parametrize(("picture", "alt"), [(b"GIF89a", "x"), (b"\x89PNG", "")])
def test_a_section_needs_a_known_picture_with_a_text(picture, alt):
    with pytest.raises(ValueError, match="must be PNG or SVG and have a text"):
        Section("x", picture=picture, alt=alt)


def test_a_full_disk_leaves_the_old_page(tmp_path):
    (tmp_path / "index.html").write_text("old")
    with limited_file_size(5000), pytest.raises(OSError, match="File too large"):
        write_report(of(["sgd"]), tmp_path)

    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"index.html": b"old"}

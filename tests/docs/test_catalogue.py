"""What the catalogue says of a plugin: formulas, what to write in a file, types in words, and a picture."""

from __future__ import annotations

import inspect

import matplotlib.image
import numpy as np
import pytest

import optiplug
from optiplug import registry
from optiplug.cli.types_in_words import type_in_words
from optiplug_author.pages import docstrings, formulas, usage
from support.extensions import mathml, pictures

ALGORITHMS = [
    pytest.param(registry.load(entry), id=f"{entry.kind}-{entry.name}")
    for kind in ("optimizers", "processors", "schedules", "tasks")
    for entry in registry.entries(kind)
]


@pytest.mark.parametrize(
    ("written", "latex"),
    [
        (
            "v <- beta_1 * v + (1 - beta_1) * g",
            r"v &\leftarrow \beta_{1} \, v + \left(1 - \beta_{1}\right) \, g",
        ),
        ("rate = learning_rate / sqrt(v)", r"\text{rate} &= \frac{\text{learning_rate}}{\sqrt{v}}"),
        (
            "m_hat = m / (1 - beta^t)   from step 1 on",
            r"\hat{m} &= \frac{m}{1 - {\beta}^{t}} \quad\text{from step 1 on}",
        ),
        ("u <- max(u, |g|)", r"u &\leftarrow \max\left(u, \left|g\right|\right)"),
        ("x <- (1 - w) x + w z", r"x &\leftarrow \left(1 - w\right) \, x + w \, z"),
        ("C_0 <- Q_0' g Q_1", r"C_{0} &\leftarrow {Q_{0}}^{\top} \, g \, Q_{1}"),
        ("ratio = a / b, or 1 if b is 0", r"\text{ratio} &= \frac{a}{b} \quad\text{or 1 if b is 0}"),
        ("w = a - (b - c)", r"w &= a - \left(b - c\right)"),
        ("w = 3 * 4", r"w &= 3 \cdot 4"),
        ("w = the largest of all", r"\text{the largest of all}"),
    ],
)
def test_formula(written, latex):
    assert formulas.formula(written).endswith(latex)


def test_a_formula_over_lines_is_one():
    docstring = "As::\n\n    u = a\n        / b\n    w <- w - u\n\nAnd so on.\n"

    written = list(docstrings.as_markdown(docstring))

    assert written[:5] == ["As:", "", "```math", r"\begin{aligned}", "u &= \\frac{a}{b} \\\\"]
    assert written[-2] == "And so on."


def test_code_stays_code():
    docstring = "Write::\n\n    import optiplug\n    optiplug.create()\n"

    written = list(docstrings.as_markdown(docstring))

    assert written[2:6] == ["```text", "import optiplug", "optiplug.create()", "```"]


@pytest.mark.parametrize("config", ALGORITHMS)
def test_every_block_of_formulas_is_typeset(config):
    text = "\n".join(docstrings.as_markdown(inspect.getdoc(config.load_implementation()) or ""))
    blocks = [block.split("\n```")[0] for block in text.split("```math\n")[1:]]

    assert all("<mtr>" in mathml.markup(block, "block") for block in blocks)


@pytest.mark.parametrize("config", ALGORITHMS)
def test_what_to_write_is_a_document(config):
    text = usage.written(usage.document(config(**config.example)))
    data = dict(optiplug.document.parse(text, "yaml", "page").data)
    command = data.pop("command", None)
    read = registry.get("commands", command)(**data) if command else optiplug.from_config(data).config

    assert config.__name__ in repr(read)
    assert max(map(len, text.splitlines())) <= 88


@pytest.mark.parametrize("config", ALGORITHMS)
def test_no_type_is_in_code(config):
    for field in config.model_json_schema()["properties"].values():
        said = type_in_words(field)
        assert not any(sign in said for sign in ("e+", ">=", "<=", "integer", "boolean", "null", "$")), said


@pytest.mark.parametrize(("name", "drawn"), [("ema", True), ("weight_decay", True), ("monitor", False)])
def test_a_processor_has_a_picture_if_there_is_something_to_see(name, drawn, tmp_path):
    config = registry.get("processors", name)
    path = tmp_path / "picture.png"
    said = pictures.draw_processor(config(**config.example), path)

    assert (said is not None, path.exists()) == (drawn, drawn)
    if drawn:
        image = matplotlib.image.imread(path)[..., :3]
        reddish = (image[..., 0] > 0.6) & (image[..., 1] < 0.45) & (image[..., 2] < 0.3)
        assert np.count_nonzero(reddish) > 40  # its own path, which the other one does not cover


def test_cosine_is_drawn_with_its_warmup(tmp_path):
    config = registry.get("schedules", "cosine")
    said = pictures.draw_schedule(config(**config.example), tmp_path / "picture.png")

    assert "in another form" in said
    assert {"warmup_target", "warmup_steps"} <= set(pictures.FORMS["cosine"])

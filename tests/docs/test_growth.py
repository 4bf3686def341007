"""The pictures of costs show the numbers of the table of results, and name every curve."""

import re

import pytest

from support.extensions import growth

TEXT = """
## growth

| setup | elements each | variables | build, s | step, ms | peak, MB |
| --- | ---: | ---: | ---: | ---: | ---: |
| adam | 64 | 10 | 0.01 | 0.3 | 900 |
| adam | 64 | 1,000 | 0.1 | 3 | 1,000 |
| adam | 64 | exponent | 0.50 | 0.52 | 0.1 |
| adam | 20,000 | 10 | 5 | 5 | 5 |

## rows

| optimizer | varied | rows | step, ms |
| --- | --- | ---: | ---: |
| adam, lazy | table | 20,000 | 1.5 |
| adam, lazy | table | 2,000,000 | 1.5 |
| adam, lazy | table | exponent | 0.00 |
| adam, lazy | batch | 100 | 9 |
"""


def test_curves_are_the_columns_with_times():
    assert growth.by_variables(growth.table(TEXT, "growth")) == [
        growth.Curve("build", [10, 1000], [0.01, 0.1], "0.50"),
        growth.Curve("step", [10, 1000], pytest.approx([0.0003, 0.003]), "0.52"),
    ]
    assert growth.by_rows(growth.table(TEXT, "rows")) == [
        growth.Curve("step of adam, lazy", [20_000, 2_000_000], [0.0015, 0.0015], "0.00")
    ]


def test_the_results_that_there_are_are_drawn():
    text = growth.RESULTS.read_text()
    for curves in (
        growth.by_variables(growth.table(text, "growth")),
        growth.by_rows(growth.table(text, "rows")),
    ):
        assert len(curves) <= len(growth.STYLES)
        drawing = growth.drawn(curves, "things")
        assert re.findall(r">([^<]*), exponent ([^<]*)<", drawing) == [
            (each.label, each.exponent) for each in curves
        ]
        assert drawing == growth.drawn(curves, "things")

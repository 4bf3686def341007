from __future__ import annotations

import numpy as np
import pytest
from matplotlib.image import imread

from optiplug_lab.curves import draw_curves

HEADER = "step,loss,learning_rate,gradient_norm,test_accuracy\n0,,,,0.1\n"


def drawn(tmp_path, rows, final=0.95):
    metrics, image = tmp_path / "metrics.csv", tmp_path / "curves.png"
    metrics.write_text(HEADER + rows)
    draw_curves(metrics, image, {"accuracy": final})
    return imread(image)


def test_four_panels_have_curves(tmp_path):
    rows = "".join(
        f"{step},{1 / step},0.1,{2 / step},{0.9 if step % 10 == 0 else ''}\n" for step in range(1, 101)
    )
    picture = drawn(tmp_path, rows)[:, :, :3]
    colored = np.ptp(picture, axis=2) > 0.2
    height, width = colored.shape

    assert (height, width) == (832, 1300)
    for rows_shown, columns in ((0, 0), (0, 1), (1, 1)):
        panel = colored[rows_shown * height // 2 :, columns * width // 2 :][: height // 2, : width // 2]
        assert panel.sum() > 500


@pytest.mark.parametrize(
    "rows",
    ["1,nan,nan,nan,0.1\n", "1,inf,0.0,0.0,0.1\n", "1,-1.0,0.1,1.0,0.1\n2,0.5,0.1,1.0,0.1\n"],
    ids=["not a number", "infinite", "not positive"],
)
def test_values_without_a_logarithm(tmp_path, rows):
    assert drawn(tmp_path, rows, final=0.1).size

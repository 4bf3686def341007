"""The digits that ship with scikit-learn, as rows of pixels, some of them held out."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import sklearn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

__all__ = ["DigitImages"]


class DigitImages:
    """1,797 images of 64 pixels from 0 to 16 with their labels, split and stratified by digit."""

    train: npt.NDArray[np.float32]
    test: npt.NDArray[np.float32]
    train_labels: npt.NDArray[np.int32]
    test_labels: npt.NDArray[np.int32]

    def __init__(self, test_fraction: float, split_seed: int) -> None:
        images, labels = load_digits(return_X_y=True)
        self.train, self.test, self.train_labels, self.test_labels = train_test_split(
            images.astype(np.float32),
            labels.astype(np.int32),
            test_size=test_fraction,
            random_state=split_seed,
            stratify=labels,
        )

    @property
    def told(self) -> Mapping[str, object]:
        """Images and labels as they are split, and the distribution that they are from."""
        return {"scikit-learn": sklearn.__version__, **vars(self)}

"""The handwritten digits that come with scikit-learn."""

from __future__ import annotations

from typing import Literal

import numpy as np

from gwae_core.interfaces import DataArrays, Dataset


class Digits(Dataset):
    """Handwritten digits of scikit-learn: 1,797 images of 8x8 pixels, 10 classes.

    Grey values 0 to 16 are scaled to [0, 1] (Alpaydin and Kaynak, 1998).
    """

    class Config(Dataset.Config):
        """Parameters of the data set."""

        type: Literal["digits"] = "digits"
        layout: Literal["image", "flat"] = "image"
        """Images (1, 8, 8), or vectors (64,)."""

    config: Config

    def load(self) -> DataArrays:
        """Read the data: x (1797, 1, 8, 8) or (1797, 64), y (1797,)."""
        from sklearn.datasets import load_digits

        pixels, labels = load_digits(return_X_y=True)
        shape = (1, 8, 8) if self.config.layout == "image" else (64,)
        return DataArrays(
            x=(pixels / 16).astype(np.float32).reshape(-1, *shape),
            y=labels.astype(np.int64),
            label_names=tuple("0123456789"),
        )

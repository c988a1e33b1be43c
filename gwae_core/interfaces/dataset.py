"""The data set."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from gwae_core.components import Component
from gwae_core.row_source import RowSource


@dataclass(frozen=True)
class DataArrays:
    """A data set: data in memory or read row by row, the rest in memory.

    Attributes:
        x: Data, (n, *shape), float32; images as (n, channels, height, width) in [0, 1].
        y: Integer labels, (n,), or None.
        factors: Ground-truth factors, (n, n_factors), or None.
        label_names: Name of each label, or None.
        factor_names: Name of each factor, or None.
        test_from: First row of a test split that comes with the data, or None to split by seed.
        true_distances: Function of factors (m, n_factors) to the distances (m, m) that are true of
            these points, such as geodesic ones, or None where they are not known.
    """

    x: NDArray[np.float32] | RowSource
    y: NDArray[np.int64] | None = None
    factors: NDArray[np.float64] | None = None
    label_names: tuple[str, ...] | None = None
    factor_names: tuple[str, ...] | None = None
    test_from: int | None = None
    true_distances: Callable[[NDArray[np.float64]], NDArray[np.float64]] | None = None

    @property
    def array(self) -> NDArray[np.float32]:
        """The data in memory.

        Raises:
            DataError: They are read row by row, and do not fit.
        """
        return np.asarray(self.x)


class Dataset(Component, ABC):
    """A source of data; its transforms are fields of its configuration."""

    kind: ClassVar[str] = "dataset"

    class Config(Component.Config):
        """Parameters of a data set."""

    config: Config

    @abstractmethod
    def load(self) -> DataArrays:
        """Read the data.

        Raises:
            DataError: The data cannot be had or read; the message says how to get it.
        """

"""Data sets of all combinations of factors, rendered or from the file that was published."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from gwae_core.builtin.datasets.checksum import Checksum, check_file
from gwae_core.builtin.datasets.factor_grid import FactorGrid, random_part
from gwae_core.errors import DataError
from gwae_core.interfaces import DataArrays, Dataset
from gwae_core.row_source import RowSource


class GridDataset(Dataset):
    """Pictures of a grid of factors, whose class indices are the factors of the data."""

    grid: ClassVar[FactorGrid]
    """The factors."""
    label_names: ClassVar[tuple[str, ...]]
    """Values of the factor ``shape``, which is the label where it varies."""
    get_it: ClassVar[str]
    """Where the published file is to be had."""

    class Config(Dataset.Config):
        """Where the pictures come from, and which."""

        source: Literal["rendered"] | Path = "rendered"
        """``rendered`` draws each picture when it is asked for; a path reads the published file."""
        checksum: Checksum | None = None
        """Expected checksum of that file: MD5 (32 hexadecimal digits), SHA-1 (40) or SHA-256 (64);
        null checks none."""
        fixed: Mapping[str, NonNegativeInt] = Field(default_factory=dict)
        """Factors that are held at one class, such as ``{orientation: 0}``; they are no factors of
        the data then."""
        limit: PositiveInt | None = None
        """Only so many pictures, drawn at random; null takes all."""
        limit_seed: NonNegativeInt = 0
        """Seed of that draw."""

        @model_validator(mode="after")
        def _checks_a_file(self) -> Self:
            if self.checksum is not None and self.source == "rendered":
                raise ValueError("a checksum is that of a file; rendered pictures have none")
            return self

    config: Config

    def load(self) -> DataArrays:
        """Pictures (n, c, h, w), class indices as factors, the shape as label if it varies.

        Raises:
            DataError: ``fixed`` names no factor, there are fewer than ``limit`` pictures, or the
                file cannot be read.
        """
        config = self.config
        held = self.grid.held(config.fixed)
        if config.source == "rendered":
            numbers = random_part(held, limit=config.limit, seed=config.limit_seed)
            x = self.render(numbers)
        else:
            pictures, of_rows = self._read(Path(config.source))
            rows = np.flatnonzero(np.isin(of_rows, held))
            rows = random_part(rows, limit=config.limit, seed=config.limit_seed)
            x, numbers = pictures.take(rows), of_rows[rows]
        classes = self.grid.classes(numbers)
        varying = [k for k, name in enumerate(self.grid.names) if name not in config.fixed]
        labelled = "shape" not in config.fixed
        return DataArrays(
            x=x,
            y=classes[:, self.grid.names.index("shape")] if labelled else None,
            factors=classes[:, varying].astype(np.float64),
            label_names=self.label_names if labelled else None,
            factor_names=tuple(self.grid.names[k] for k in varying),
        )

    def _read(self, path: Path) -> tuple[RowSource, NDArray[np.int64]]:
        """The pictures of the file, and the number of each in the grid."""
        if not path.is_file():
            raise DataError(
                f"no such file: {path}",
                hint=f"{self.get_it}; `source: rendered` needs no file",
            )
        check_file(path, self.config.checksum)
        pictures, classes = self.read(path)
        return pictures, self.grid.numbers(classes)

    @abstractmethod
    def render(self, numbers: NDArray[np.int64]) -> RowSource:
        """Pictures of combinations, by their number in the grid."""

    @abstractmethod
    def read(self, path: Path) -> tuple[RowSource, NDArray[np.int64]]:
        """Pictures of the published file, and their classes, (n, n_factors).

        Raises:
            DataError: The file is damaged or another one.
        """

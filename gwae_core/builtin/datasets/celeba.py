"""CelebA: faces with forty attributes, from its published folder."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import NonNegativeInt, PositiveInt

from gwae_core.builtin.datasets.factor_grid import random_part
from gwae_core.builtin.datasets.image_rows import ImageRows
from gwae_core.errors import DataError
from gwae_core.interfaces import DataArrays, Dataset

ATTRIBUTES, PARTITION = "list_attr_celeba.txt", "list_eval_partition.txt"
PICTURES = "img_align_celeba"
TEST = 2
"""Number of the test part in the partition file; 0 is training, 1 validation."""
GET_IT = (
    "CelebA is at mmlab.ie.cuhk.edu.hk/projects/CelebA.html, for research only: unpack "
    "img_align_celeba.zip beside list_attr_celeba.txt and list_eval_partition.txt"
)


class CelebA(Dataset):
    """CelebA: 202,599 aligned faces of 178x218 pixels, with forty attributes as factors.

    A square about the centre is taken and scaled; values lie in [0, 1]. Files are decoded when they
    are asked for. Where the partition file is there, its test part is the test part; its training
    and validation parts are one, of which `split.validation` takes a share (Liu et al., 2015).
    """

    class Config(Dataset.Config):
        """The folder, and what becomes of a picture."""

        type: Literal["celeba"] = "celeba"
        folder: Path
        """Folder of ``img_align_celeba``, ``list_attr_celeba.txt`` and, for the published test
        part, ``list_eval_partition.txt``."""
        size: PositiveInt = 64
        """Side of the square that pictures become."""
        crop: PositiveInt | None = 140
        """Side of the square about the centre that is taken; null takes the full width."""
        label: str | None = None
        """Attribute that is the label, such as ``Smiling``; null gives no labels."""
        limit: PositiveInt | None = None
        """Only so many training pictures, drawn at random; null takes all."""
        test_limit: PositiveInt | None = None
        """Only so many pictures of the test part, drawn at random."""
        limit_seed: NonNegativeInt = 0
        """Seed of these draws."""

    config: Config

    def load(self) -> DataArrays:
        """Pictures (n, 3, size, size), attributes 0 and 1 as factors (n, 40).

        Raises:
            DataError: The folder lacks a file, a list is damaged, or a picture is missing.
        """
        config = self.config
        if not config.folder.is_dir():
            raise DataError(f"no such folder: {config.folder}", hint=GET_IT)
        folder = config.folder / PICTURES
        if not folder.is_dir():
            raise DataError(f"{config.folder} has no folder {PICTURES}", hint=GET_IT)
        attributes, table = _table(config.folder / ATTRIBUTES)
        files = list(table)
        values = (np.array([table[name] for name in files]) > 0).astype(np.int64)
        if config.label is not None and config.label not in attributes:
            raise DataError(
                f"data.label = {config.label!r} is no attribute",
                hint=f"the attributes are {', '.join(attributes)}",
            )
        present = {path.name for path in folder.iterdir()}
        if missing := [name for name in files if name not in present]:
            raise DataError(
                f"{folder} lacks {len(missing):,} of the {len(files):,} pictures that "
                f"{ATTRIBUTES} lists, the first {missing[0]}",
                hint=GET_IT,
            )
        rows, test_from = self._rows(files)
        paths = tuple(folder / name for name in files)
        size = config.size
        return DataArrays(
            x=ImageRows(rows, (3, size, size), str(folder), paths, config.crop),
            y=None if config.label is None else values[rows, attributes.index(config.label)],
            factors=values[rows].astype(np.float64),
            label_names=None if config.label is None else (f"not {config.label}", config.label),
            factor_names=attributes,
            test_from=test_from,
        )

    def _rows(self, files: list[str]) -> tuple[NDArray[np.int64], int | None]:
        """Rows of the lists that are taken, the test part last, and where it begins."""
        config = self.config
        path = config.folder / PARTITION
        is_test = np.zeros(len(files), dtype=bool)
        if path.is_file():
            parts = {words[0]: words[1:] for words in _words(path)}
            if set(map(tuple, parts.values())) - {("0",), ("1",), ("2",)} or parts.keys() != {
                *files
            }:
                raise DataError(
                    f"{path} does not give each picture of {ATTRIBUTES} a part 0, 1 or 2",
                    hint=GET_IT,
                )
            is_test = np.array([parts[name][0] == str(TEST) for name in files])
        elif config.test_limit is not None:
            raise DataError(
                f"data.test_limit needs {path}, which says what the test part is", hint=GET_IT
            )
        seed = config.limit_seed
        train = random_part(np.flatnonzero(~is_test), limit=config.limit, seed=seed)
        test = random_part(np.flatnonzero(is_test), limit=config.test_limit, seed=seed)
        return np.concatenate([train, test]), len(train) if len(test) else None


def _words(path: Path) -> list[list[str]]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read: {error}", hint=GET_IT) from error
    return [line.split() for line in lines if line.strip()]


def _table(path: Path) -> tuple[tuple[str, ...], dict[str, list[int]]]:
    """Names of the attributes, and the values of each file, -1 and 1."""
    lines = _words(path)
    # a count, the names, then a line each picture
    try:
        count, names = int(lines[0][0]), tuple(lines[1])
        table = {words[0]: [int(value) for value in words[1:]] for words in lines[2:]}
    except (IndexError, ValueError) as error:
        raise DataError(f"{path} is not the published list: {error}", hint=GET_IT) from error
    if len(table) != count:
        raise DataError(
            f"{path} says that it lists {count:,} pictures, and lists {len(table):,}", hint=GET_IT
        )
    for name, values in table.items():
        if len(values) != len(names) or not {*values} <= {-1, 1}:
            raise DataError(
                f"{path} gives {name} {len(values)} values; expected {len(names)} of -1 and 1",
                hint=GET_IT,
            )
    return names, table

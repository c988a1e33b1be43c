"""Images and labels in MNIST's file format."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import PositiveInt, model_validator

from gwae_core.builtin.datasets.idx_file import read_idx
from gwae_core.errors import DataError
from gwae_core.interfaces import DataArrays, Dataset

ROLES = {
    "images": "train-images-idx3-ubyte",
    "labels": "train-labels-idx1-ubyte",
    "test_images": "t10k-images-idx3-ubyte",
    "test_labels": "t10k-labels-idx1-ubyte",
}
"""Field of the configuration, and the name that MNIST and its successors give that file."""


class IDX(Dataset):
    """Images in MNIST's IDX format: MNIST, Fashion-MNIST, KMNIST, your own.

    Grey values 0 to 255 are scaled to [0, 1]. The test files, where they are given, are the test
    part (LeCun et al., 1998; Xiao et al., 2017).
    """

    class Config(Dataset.Config):
        """Parameters of the data set: a folder, or the files one by one."""

        type: Literal["idx"] = "idx"
        folder: Path | None = None
        """Folder that holds the files under MNIST's names, with ``.gz`` or without."""
        images: Path | None = None
        """File of the training images, instead of a folder."""
        labels: Path | None = None
        """File of the training labels; null for none."""
        test_images: Path | None = None
        """File of the test images; null splits the training images by seed."""
        test_labels: Path | None = None
        """File of the test labels."""
        sha256: Mapping[str, str] | None = None
        """Expected SHA-256 checksum of files, by file name; null checks none."""
        limit: PositiveInt | None = None
        """Only the first so many training images; the test part stays whole."""
        layout: Literal["image", "flat"] = "image"
        """Images (1, height, width), or vectors."""
        label_names: tuple[str, ...] | None = None
        """Names of the labels 0, 1, ...; null writes the numbers."""

        @model_validator(mode="after")
        def _names_its_files(self) -> IDX.Config:
            files = [role for role in ROLES if getattr(self, role) is not None]
            if self.folder is not None and files:
                raise ValueError(f"give a folder or files, not both; got folder and {files}")
            if self.folder is None and self.images is None:
                raise ValueError("give `folder: PATH`, or `images: FILE` and `labels: FILE`")
            if (self.test_images is None) != (self.test_labels is None) and self.labels is not None:
                raise ValueError("labelled data need both test_images and test_labels, or neither")
            if self.labels is None and self.test_labels is not None:
                raise ValueError(
                    "test_labels without labels would leave training points unlabelled"
                )
            return self

    config: Config

    def load(self) -> DataArrays:
        """Read the data: x (n, 1, height, width) or (n, p), y (n,).

        Raises:
            DataError: A file is missing, damaged, of another format, or does not fit the others.
        """
        files = self._files()
        names = {path.name for path in files.values() if path is not None}
        if strangers := sorted(set(self.config.sha256 or ()) - names):
            raise DataError(f"sha256 names {strangers}; the files are {sorted(names)}")
        x, y = self._read(files["images"], files["labels"])
        x, y = x[: self.config.limit], None if y is None else y[: self.config.limit]
        test_from = None
        if files["test_images"] is not None:
            test_x, test_y = self._read(files["test_images"], files["test_labels"])
            if test_x.shape[1:] != x.shape[1:]:
                raise DataError(
                    f"the training images are {x.shape[1:]}, the test images {test_x.shape[1:]}"
                )
            test_from = len(x)
            x = np.concatenate([x, test_x])
            y = None if y is None or test_y is None else np.concatenate([y, test_y])
        shape = (1, *x.shape[1:]) if self.config.layout == "image" else (x[0].size,)
        return DataArrays(
            x=x.astype(np.float32).reshape(-1, *shape) / np.float32(255),
            y=None if y is None else y.astype(np.int64),
            label_names=None if y is None else self._names(int(y.max()) + 1),
            test_from=test_from,
        )

    def _files(self) -> dict[str, Path | None]:
        folder = self.config.folder
        if folder is None:
            return {role: getattr(self.config, role) for role in ROLES}
        found = {role: file_in_folder(folder, name) for role, name in ROLES.items()}
        # A missing file is reported by the reader; a folder may well hold no test part.
        for role in ("images", "labels"):
            found[role] = found[role] or folder / f"{ROLES[role]}.gz"
        if (found["test_images"] is None) != (found["test_labels"] is None):
            raise DataError(
                f"{folder} holds only one of {ROLES['test_images']} and {ROLES['test_labels']}",
                hint="add the other, or name the files one by one",
            )
        return found

    def _read(
        self, images: Path | None, labels: Path | None
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
        assert images is not None
        x = read_idx(images, ndim=3, sha256=self._sum(images))
        if x.size == 0:
            raise DataError(f"{images} holds no pixel: its shape is {x.shape}")
        if labels is None:
            return x, None
        y = read_idx(labels, ndim=1, sha256=self._sum(labels))
        if len(x) != len(y):
            raise DataError(
                f"{images} holds {len(x)} images, but {labels} holds {len(y)} labels",
                hint="take the two files from the same source",
            )
        return x, y

    def _sum(self, path: Path) -> str | None:
        return (self.config.sha256 or {}).get(path.name)

    def _names(self, count: int) -> tuple[str, ...]:
        names = self.config.label_names
        if names is not None and len(names) < count:
            raise DataError(f"the labels reach {count - 1}, but there are {len(names)} label_names")
        return names or tuple(str(label) for label in range(count))


def file_in_folder(folder: Path, name: str) -> Path | None:
    """The file of a name in a folder, compressed or not, with ``-`` or ``.`` before ``idx``."""
    for stem in (name, name.replace("-idx", ".idx")):
        for candidate in (folder / stem, folder / f"{stem}.gz"):
            if candidate.is_file():
                return candidate
    return None

"""MNIST, Fashion-MNIST and KMNIST from the files that were published."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from pydantic import NonNegativeInt, PositiveInt

from gwae_core.builtin.datasets.idx import IDX, ROLES, file_in_folder
from gwae_core.builtin.datasets.idx_file import unpacked
from gwae_core.builtin.datasets.stratified import stratified_part
from gwae_core.errors import DataError
from gwae_core.interfaces import DataArrays, Dataset


class PublishedIDX(Dataset):
    """The four files of MNIST or of a data set that took its format."""

    names: ClassVar[tuple[str, ...]]
    """Names of the labels."""
    md5: ClassVar[Mapping[str, str]]
    """Checksums of the published files: of what is in them by their plain names, of the files
    themselves by names that end in ``.gz``."""
    get_it: ClassVar[str]
    """Where the files are to be had."""

    class Config(Dataset.Config):
        """The files, and how much of them."""

        folder: Path
        """Folder of the four files under their published names, with ``.gz`` or without."""
        verify: bool = True
        """Whether the files must be the published ones, by their MD5 checksums."""
        limit: PositiveInt | None = None
        """Only so many training images, drawn evenly over the classes; null takes all."""
        test_limit: PositiveInt | None = None
        """Only so many images of the test part, drawn evenly over the classes."""
        limit_seed: NonNegativeInt = 0
        """Seed of these draws."""
        layout: Literal["image", "flat"] = "image"
        """Images (1, 28, 28), or vectors (784,)."""

    config: Config

    def load(self) -> DataArrays:
        """Read the data: x (n, 1, 28, 28) or (n, 784), y (n,); the published test part at the end.

        Raises:
            DataError: A file is missing, damaged, or not the published one.
        """
        config = self.config
        files = {name: self._find(name) for name in ROLES.values()}
        if config.verify:
            for name, path in files.items():
                self._verify(name, path)
        whole = IDX(
            IDX.Config(folder=config.folder, layout=config.layout, label_names=self.names)
        ).load()
        first = whole.test_from
        assert whole.y is not None and first is not None
        seed = config.limit_seed
        train = stratified_part(whole.y[:first], limit=config.limit, seed=seed)
        test = stratified_part(whole.y[first:], limit=config.test_limit, seed=seed) + first
        rows = np.concatenate([train, test])
        return replace(whole, x=whole.x[rows], y=whole.y[rows], test_from=len(train))

    def _find(self, name: str) -> Path:
        path = file_in_folder(self.config.folder, name)
        if path is None:
            raise DataError(f"{self.config.folder} has no file {name}.gz", hint=self.get_it)
        return path

    def _verify(self, name: str, path: Path) -> None:
        """Compare a file with the published one, where its checksum is known."""
        raw = path.read_bytes()
        expected = self.md5.get(name)
        if expected is not None:
            raw = unpacked(path, raw)
        else:
            expected = self.md5.get(path.name)
        found = hashlib.md5(raw, usedforsecurity=False).hexdigest()
        if expected is not None and found != expected:
            raise DataError(
                f"{path} is not that of {self.name()}: its MD5 checksum is {found}; expected "
                f"{expected}",
                hint=f"{self.get_it}; files of your own are read with data.verify: false",
            )


class MNIST(PublishedIDX):
    """MNIST: 60,000 + 10,000 handwritten digits of 28x28 pixels, 10 classes.

    Grey values 0 to 255 are scaled to [0, 1]; the published test part is the test part
    (LeCun et al., 1998).
    """

    class Config(PublishedIDX.Config):
        """The files, and how much of them."""

        type: Literal["mnist"] = "mnist"

    config: Config
    names: ClassVar = tuple("0123456789")
    md5: ClassVar = {
        "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
        "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
        "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
        "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
    }
    get_it: ClassVar = (
        "MNIST is at yann.lecun.com/exdb/mnist; 5,000 of its images are the data set mnist5k"
    )


class FashionMNIST(PublishedIDX):
    """Fashion-MNIST: 60,000 + 10,000 pictures of clothing of 28x28 pixels, 10 classes.

    Grey values 0 to 255 are scaled to [0, 1]; the published test part is the test part
    (Xiao et al., 2017).
    """

    class Config(PublishedIDX.Config):
        """The files, and how much of them."""

        type: Literal["fashion-mnist"] = "fashion-mnist"
        folder: Path = Path("/usr/share/datasets/fashion-mnist")
        """Folder of the four files; the default is that of the Debian and Ubuntu package
        dataset-fashion-mnist."""

    config: Config
    names: ClassVar = (
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    )
    md5: ClassVar = {
        "train-images-idx3-ubyte": "f4a8712d7a061bf5bd6d2ca38dc4d50a",
        "train-labels-idx1-ubyte": "9018921c3c673c538a1fc5bad174d6f9",
        "t10k-images-idx3-ubyte": "8181f5470baa50b63fa0f6fddb340f0a",
        "t10k-labels-idx1-ubyte": "15d484375f8d13e6eb1aabb0c3f46965",
    }
    get_it: ClassVar = (
        "Fashion-MNIST is at github.com/zalandoresearch/fashion-mnist, and on Debian and Ubuntu: "
        "apt install dataset-fashion-mnist"
    )


class KMNIST(PublishedIDX):
    """KMNIST: 60,000 + 10,000 cursive Japanese characters of 28x28 pixels, 10 classes.

    Grey values 0 to 255 are scaled to [0, 1]; the published test part is the test part
    (Clanuwat et al., 2018). Of uncompressed files no checksum is known, and none is compared.
    """

    class Config(PublishedIDX.Config):
        """The files, and how much of them."""

        type: Literal["kmnist"] = "kmnist"

    config: Config
    names: ClassVar = ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")
    md5: ClassVar = {
        "train-images-idx3-ubyte.gz": "bdb82020997e1d708af4cf47b453dcf7",
        "train-labels-idx1-ubyte.gz": "e144d726b3acfaa3e44228e80efcd344",
        "t10k-images-idx3-ubyte.gz": "5c965bf0a639b31b8f53240b1b52f4d7",
        "t10k-labels-idx1-ubyte.gz": "7320c461ea6c1c855c0b718fb2a4b134",
    }
    get_it: ClassVar = "KMNIST is at github.com/rois-codh/kmnist"

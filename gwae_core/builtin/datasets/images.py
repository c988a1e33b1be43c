"""Images from a folder."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import PositiveInt, model_validator

from gwae_core.builtin.datasets.image_file import SUFFIXES, read_image
from gwae_core.errors import DataError
from gwae_core.interfaces import DataArrays, Dataset

MAX_BYTES = 16 * 2**30
"""Largest set, as single-precision numbers, that is read into memory."""


class Images(Dataset):
    """Your own images from a folder, with class subfolders as labels where there are such.

    Each image is turned as its EXIF tag says, scaled until it covers `size`, and cropped at the
    centre; values lie in [0, 1]. Files are read in natural order (2 before 10), so that the same
    folder always gives the same rows. Transparent parts are laid on black.

    Source: a folder of your own.
    """

    class Config(Dataset.Config):
        """The folder, and what becomes of an image."""

        type: Literal["images"] = "images"
        folder: Path
        """Folder of .png, .jpg, .jpeg, .bmp, .webp, .gif, .tif or .tiff files, or of one subfolder
        a class; relative paths begin at the working folder."""
        size: PositiveInt | tuple[PositiveInt, PositiveInt] = 64
        """Side of the square that images become, or their height and width."""
        channels: Literal["colour", "grey"] = "colour"
        """Three channels (red, green, blue) or one."""
        labels: Literal["auto", "folders", "none"] = "auto"
        """``folders`` takes the name of the subfolder that an image lies in, ``none`` gives no
        labels, ``auto`` takes subfolders where the folder itself holds no image."""
        limit: PositiveInt | None = None
        """Only the first so many images of each class, or of all where there are no labels."""
        max_pixels: PositiveInt = 50_000_000
        """Most pixels that a file may have: a small file can unfold to fill the memory."""

        @model_validator(mode="after")
        def _is_not_vast(self) -> Images.Config:
            if math.prod(self.shape) > 2**24:
                raise ValueError(f"size {self.size} gives more than {2**24:,} values an image")
            return self

        @property
        def shape(self) -> tuple[int, int, int]:
            """Shape of one data point: (channels, height, width)."""
            size = (self.size, self.size) if isinstance(self.size, int) else self.size
            return (3 if self.channels == "colour" else 1, *size)

    config: Config

    def load(self) -> DataArrays:
        """Read the images: x (n, 1 or 3, height, width) in [0, 1], y (n,) where there are labels.

        Raises:
            DataError: There is no such folder, no image in it, a file that cannot be read or that
                leads out of the folder, or more images than the memory should hold.
        """
        config = self.config
        if not config.folder.is_dir():
            raise DataError(
                f"no such folder: {config.folder}",
                hint=f"paths are relative to {Path.cwd()}; check data.folder",
            )
        groups = self._groups()
        if not any(groups.values()):
            raise DataError(
                f"{config.folder} holds no image",
                hint=f"images end in {', '.join(SUFFIXES)}, and lie in the folder or one below",
            )
        files = [file for group in groups.values() for file in group]
        self._check_size(len(files))
        x = np.empty((len(files), *config.shape), dtype=np.float32)
        for row, file in zip(x, files, strict=True):
            self._check_inside(file)
            row[:] = read_image(file, config.shape, max_pixels=config.max_pixels) / np.float32(255)
        if list(groups) == [""]:
            return DataArrays(x)
        counts = [len(group) for group in groups.values()]
        y: NDArray[np.int64] = np.repeat(np.arange(len(groups)), counts)
        return DataArrays(x, y=y, label_names=tuple(groups))

    def _groups(self) -> dict[str, list[Path]]:
        """Files of each class, by its name; all under the empty name where there are no labels."""
        config = self.config
        here = _images_in(config.folder)
        below = {
            folder.name: images
            for folder in sorted(config.folder.iterdir(), key=natural)
            if folder.is_dir() and (images := _images_in(folder))
        }
        by_folder = config.labels == "folders" or (config.labels == "auto" and not here)
        if config.labels == "folders" and here:
            raise DataError(
                f"{here[0]} lies in no class subfolder, so it has no label",
                hint="move it into one, or set data.labels to none",
            )
        if by_folder:
            return {name: images[: config.limit] for name, images in below.items()}
        images = [*here, *(image for images in below.values() for image in images)]
        return {"": images[: config.limit]}

    def _check_size(self, n: int) -> None:
        needed = 4 * n * math.prod(self.config.shape)
        if needed > MAX_BYTES:
            raise DataError(
                f"{n:,} images of {self.config.shape} would fill {needed / 2**30:.0f} GiB of "
                f"memory; allowed: {MAX_BYTES / 2**30:.0f}",
                hint="set data.limit or a smaller data.size, or write them into one .npy file of "
                "8-bit integers, which `data: arrays` reads batch by batch",
            )

    def _check_inside(self, file: Path) -> None:
        if not file.resolve().is_relative_to(self.config.folder.resolve()):
            raise DataError(
                f"{file} is a link that leads out of {self.config.folder}",
                hint="copy the image, or give the folder that it lies in",
            )


def natural(path: Path) -> list[tuple[int, int, str]]:
    """Key that sorts names as people do: 2 before 10."""
    parts = re.split(r"(\d+)", path.name)
    # The name itself decides between 01 and 1.
    return [*((0, int(t), "") if t.isdecimal() else (1, 0, t) for t in parts), (2, 0, path.name)]


def _images_in(folder: Path) -> list[Path]:
    found = (path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    return sorted((p for p in found if p.is_file() and not p.name.startswith(".")), key=natural)

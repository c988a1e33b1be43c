"""Omniglot: handwritten characters of fifty alphabets, from its published folders."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from pydantic import NonNegativeInt, PositiveInt

from gwae_core.builtin.datasets.image_file import read_image
from gwae_core.builtin.datasets.image_rows import MAX_PIXELS
from gwae_core.builtin.datasets.images import natural
from gwae_core.builtin.datasets.stratified import stratified_part
from gwae_core.errors import DataError
from gwae_core.interfaces import DataArrays, Dataset

PARTS = {"background": "images_background", "evaluation": "images_evaluation"}
GET_IT = (
    "Omniglot is at github.com/brendenlake/omniglot: unpack python/images_background.zip and "
    "python/images_evaluation.zip"
)


class _Drawing(NamedTuple):
    path: Path
    alphabet: str
    character: str
    drawer: int


class Omniglot(Dataset):
    """Omniglot: 1,623 characters of 50 alphabets, each drawn by 20 people, as 105x105 pixels.

    Drawings are scaled, and ink is 1 on 0. Factors are the indices of alphabet, character and
    drawer (Lake et al., 2015).
    """

    class Config(Dataset.Config):
        """The folders, and what becomes of a drawing."""

        type: Literal["omniglot"] = "omniglot"
        folder: Path
        """Folder of ``images_background`` and ``images_evaluation``."""
        part: Literal["background", "evaluation", "both"] = "background"
        """30 alphabets for training, 20 others for evaluation, or both; of both, the others are
        the test part, whose characters were never seen in training."""
        labels: Literal["alphabet", "character"] = "alphabet"
        """What the label of a drawing is."""
        size: PositiveInt = 28
        """Side of the square that drawings become."""
        limit: PositiveInt | None = None
        """Only so many drawings of each part, drawn evenly over the labels; null takes all."""
        limit_seed: NonNegativeInt = 0
        """Seed of that draw."""

    config: Config

    def load(self) -> DataArrays:
        """Drawings (n, 1, size, size) in [0, 1], the label, and the three factors.

        Raises:
            DataError: A folder is missing or holds something else, or a file is damaged.
        """
        config = self.config
        parts = [*PARTS] if config.part == "both" else [config.part]
        drawings = {part: self._drawings(config.folder / PARTS[part]) for part in parts}
        every = [d for part in parts for d in drawings[part]]
        # in the order in which they lie in the folders, the test part's last
        alphabets = {name: k for k, name in enumerate(dict.fromkeys(d.alphabet for d in every))}
        characters = {name: k for k, name in enumerate(dict.fromkeys(map(_character, every)))}
        names = alphabets if config.labels == "alphabet" else characters
        taken: list[_Drawing] = []
        test_from = None
        for part in parts:
            of_part = drawings[part]
            labels = np.array([names[self._label(d)] for d in of_part])
            rows = stratified_part(labels, limit=config.limit, seed=config.limit_seed)
            test_from = len(taken) or None
            taken += [of_part[row] for row in rows]
        x = np.empty((len(taken), 1, config.size, config.size), dtype=np.float32)
        for row, drawing in zip(x, taken, strict=True):
            pixels = read_image(drawing.path, (1, config.size, config.size), max_pixels=MAX_PIXELS)
            row[:] = 1 - pixels / np.float32(255)  # the files have black ink on white
        factors = [(alphabets[d.alphabet], characters[_character(d)], d.drawer - 1) for d in taken]
        return DataArrays(
            x=x,
            y=np.array([names[self._label(d)] for d in taken], dtype=np.int64),
            factors=np.array(factors, dtype=np.float64),
            label_names=tuple(names),
            factor_names=("alphabet", "character", "drawer"),
            test_from=test_from,
        )

    def _label(self, drawing: _Drawing) -> str:
        return drawing.alphabet if self.config.labels == "alphabet" else _character(drawing)

    def _drawings(self, folder: Path) -> list[_Drawing]:
        """Drawings of a part: alphabet/character01/0001_01.png, the drawer last."""
        if not folder.is_dir():
            raise DataError(f"no such folder: {folder}", hint=GET_IT)
        found = []
        for path in sorted(folder.glob("*/character*/*.png"), key=_order):
            drawer = path.stem.partition("_")[2]
            if not drawer.isdecimal() or int(drawer) < 1:
                raise DataError(
                    f"{path} is not named as drawings of Omniglot are: NUMBER_DRAWER.png",
                    hint=GET_IT,
                )
            alphabet, character = path.parts[-3:-1]
            found.append(_Drawing(path, alphabet, character, int(drawer)))
        if not found:
            raise DataError(
                f"{folder} holds no drawing ALPHABET/characterNN/NUMBER_DRAWER.png", hint=GET_IT
            )
        return found


def _character(drawing: _Drawing) -> str:
    return f"{drawing.alphabet}/{drawing.character}"


def _order(path: Path) -> list[list[tuple[int, int, str]]]:
    return [natural(part) for part in (path.parents[1], path.parent, path)]

"""Built-in data sets."""

from __future__ import annotations

from gwae_core.builtin.datasets.arrays import Arrays
from gwae_core.builtin.datasets.digits import Digits
from gwae_core.builtin.datasets.dsprites import DSprites
from gwae_core.builtin.datasets.idx import IDX
from gwae_core.builtin.datasets.images import Images
from gwae_core.builtin.datasets.mnist5k import MNIST5k
from gwae_core.builtin.datasets.shapes3d import Shapes3D
from gwae_core.components import Component

COMPONENTS: tuple[type[Component], ...] = (Digits, MNIST5k, DSprites, Shapes3D, IDX, Arrays, Images)

__all__ = ["COMPONENTS", "IDX", "Arrays", "DSprites", "Digits", "Images", "MNIST5k", "Shapes3D"]

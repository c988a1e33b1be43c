"""Built-in data sets."""

from __future__ import annotations

from gwae_core.builtin.datasets.arrays import Arrays
from gwae_core.builtin.datasets.celeba import CelebA
from gwae_core.builtin.datasets.digits import Digits
from gwae_core.builtin.datasets.dsprites import DSprites
from gwae_core.builtin.datasets.geometry import Geometry
from gwae_core.builtin.datasets.idx import IDX
from gwae_core.builtin.datasets.images import Images
from gwae_core.builtin.datasets.mnist import KMNIST, MNIST, FashionMNIST
from gwae_core.builtin.datasets.mnist5k import MNIST5k
from gwae_core.builtin.datasets.omniglot import Omniglot
from gwae_core.builtin.datasets.shapes3d import Shapes3D
from gwae_core.components import Component

COMPONENTS: tuple[type[Component], ...] = (
    Digits,
    MNIST5k,
    MNIST,
    FashionMNIST,
    KMNIST,
    DSprites,
    Shapes3D,
    Geometry,
    CelebA,
    Omniglot,
    IDX,
    Arrays,
    Images,
)

__all__ = [
    "COMPONENTS",
    "IDX",
    "KMNIST",
    "MNIST",
    "Arrays",
    "CelebA",
    "DSprites",
    "Digits",
    "FashionMNIST",
    "Geometry",
    "Images",
    "MNIST5k",
    "Omniglot",
    "Shapes3D",
]

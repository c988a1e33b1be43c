"""Rows on disk: the same as rows in memory, in constant memory."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from gwae_core import RunConfig, evaluate_run, load, run
from gwae_core.builtin.datasets import Arrays
from gwae_core.checkpoints import read_checkpoint
from gwae_core.config import SplitConfig
from gwae_core.context import BuildContext, DataStatistics
from gwae_core.data_checks import check_arrays
from gwae_core.errors import DataError, GWAEError
from gwae_core.interfaces import DataArrays
from gwae_core.run_data import in_memory
from gwae_core.splits import checksum, split
from gwae_core.stored_rows import RowFile, StoredRows

RNG = np.random.default_rng(0)


def stored(folder: Path, x: np.ndarray, **values: object) -> StoredRows:
    np.save(folder / "x.npy", x)
    data = Arrays(Arrays.Config(path=folder / "x.npy", on_disk=True, **values)).load()
    assert isinstance(data.x, StoredRows)
    return data.x


@pytest.mark.parametrize(
    ("shape", "dtype", "fields"),
    [
        ((50, 6), np.float32, {}),
        ((50, 6), np.float64, {"shape": (2, 3)}),
        ((50, 6), np.int16, {}),
        ((50, 8, 9), np.uint8, {}),
        ((50, 3, 8, 9), np.uint8, {}),
        ((50, 8, 9, 3), np.uint8, {}),
        ((50, 8, 9, 3), np.float32, {}),
        ((50, 72), np.uint8, {"shape": (8, 9, 1)}),
        ((50, 8, 9, 2), np.uint8, {"channels": "last", "scaling": "none"}),
        ((50, 5), np.uint8, {"scaling": "bytes"}),
    ],
)
def test_rows_are_those_of_the_same_file_read_into_memory(
    tmp_path: Path, shape: tuple[int, ...], dtype: type, fields: dict[str, object]
) -> None:
    x = (RNG.integers(0, 256, shape) * (1 if np.issubdtype(dtype, np.integer) else 0.37)).astype(
        dtype
    )
    rows = stored(tmp_path, x, **fields)
    expected = Arrays(Arrays.Config(path=tmp_path / "x.npy", on_disk=False, **fields)).load().array
    assert rows.shape == expected.shape and rows.ndim == expected.ndim
    assert rows.size == expected.size and len(rows) == 50
    for part in (slice(None), slice(3, 40, 7), np.array([4, 4, 0, 49]), RNG.permutation(50)):
        assert rows[part].dtype == np.float32
        assert np.array_equal(rows[part], expected[part])
    chosen = rows.take(np.array([9, 2, 30]))
    assert np.array_equal(chosen[np.array([2, 0])], expected[[30, 9]])


def test_images_of_bytes_lie_between_0_and_1(tmp_path: Path) -> None:
    x = RNG.integers(0, 256, (20, 8, 8, 3), dtype=np.uint8)
    x[0, 0, 0] = (0, 128, 255)
    assert stored(tmp_path, x)[:1][0, :, 0, 0].tolist() == pytest.approx([0, 128 / 255, 1])


def test_rows_are_read_in_any_order_without_preadv_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = RNG.integers(0, 256, (100, 8, 8), dtype=np.uint8)
    rows = stored(tmp_path, x)
    monkeypatch.delattr("os.preadv")
    order = np.array([5, 6, 7, 3, 2, 99, 0, 1, 1])
    assert np.array_equal(rows[order], x[order, None] / np.float32(255))
    assert rows[np.array([], dtype=int)].shape == (0, 1, 8, 8)


def test_a_file_that_became_shorter_is_named(tmp_path: Path) -> None:
    rows = stored(tmp_path, RNG.normal(size=(100, 4)))
    with (tmp_path / "x.npy").open("r+b") as file:
        file.truncate(1000)
    assert rows[:10].shape == (10, 4)
    with pytest.raises(DataError, match=r"x\.npy has become shorter"):
        rows[90:]


@pytest.mark.parametrize("chunk", [1, 100, 10**9])
def test_statistics_in_one_pass_are_those_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    monkeypatch.setattr("gwae_core.row_source.CHUNK_BYTES", chunk)
    x = (RNG.normal(size=(60, 5)) * [1, 10, 0.1, 0, 3] + 100).astype(np.float32)
    rows = stored(tmp_path, x).take(RNG.permutation(60)[:41])
    expected = DataStatistics.of(torch.from_numpy(rows[:]))
    found = DataStatistics.of(rows)
    assert torch.allclose(found.mean, expected.mean)
    assert (found.scale, found.total_variance) == pytest.approx(
        (expected.scale, expected.total_variance), rel=1e-9
    )
    assert (found.low, found.high) == (expected.low, expected.high)


def test_the_context_has_a_sample_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gwae_core.row_source.SAMPLE_BYTES", 4 * 5 * 12)
    x = np.arange(200, dtype=np.float32).reshape(40, 5)
    rows = stored(tmp_path, x)
    context = BuildContext.for_data(rows, 2)
    assert context.sampled and context.train_data.shape == (12, 5)
    assert len(context.train_data.unique(dim=0)) == 12
    assert torch.equal(context.train_data, BuildContext.for_data(rows, 2).train_data)
    assert not BuildContext.for_data(torch.from_numpy(x), 2).sampled
    assert not BuildContext.for_data(rows.take(np.arange(12)), 2).sampled


def test_a_split_reads_nothing_and_a_sample_keeps_its_labels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = np.arange(300, dtype=np.int32).reshape(100, 3)  # whole numbers are finite
    y = np.arange(100)
    data = DataArrays(stored(tmp_path, x), y=y)
    here = split(DataArrays(x.astype(np.float32), y=y), SplitConfig(stratify=False), seed=3)
    with monkeypatch.context() as patch:
        patch.setattr(StoredRows, "read", None)
        there = split(DataArrays(data.x, y=y), SplitConfig(stratify=False), seed=3)
    for part in ("train", "validation", "test"):
        a, b = getattr(here, part), getattr(there, part)
        assert np.array_equal(a.x, b.x[:]) and np.array_equal(a.y, b.y)
    monkeypatch.setattr("gwae_core.row_source.SAMPLE_BYTES", 4 * 3 * 10)
    sample = in_memory(there.train)
    assert len(sample.y) == 10
    assert np.array_equal(sample.array[:, 0], 3 * sample.y)


def test_the_checksum_depends_on_every_byte_and_nothing_else(tmp_path: Path) -> None:
    x = RNG.integers(0, 256, (40, 8, 8), dtype=np.uint8)
    sums = []
    for k, change in enumerate((0, 0, 1)):
        (tmp_path / str(k)).mkdir()
        x[-1, -1, -1] += change
        sums.append(checksum(DataArrays(stored(tmp_path / str(k), x))))
    assert sums[0] == sums[1] != sums[2]
    wide = Arrays(Arrays.Config(path=tmp_path / "0/x.npy", on_disk=True, shape=(64,))).load()
    assert checksum(wide) != sums[0]


def test_values_that_are_not_finite_are_found(tmp_path: Path) -> None:
    x = RNG.normal(size=(50, 4)).astype(np.float32)
    check_arrays(DataArrays(stored(tmp_path, x)))
    x[30, 2] = np.nan
    with pytest.raises(DataError, match=r"rows of .*x\.npy hold 1 values that are NaN"):
        check_arrays(DataArrays(stored(tmp_path, x)))


def test_what_needs_all_rows_in_memory_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = stored(tmp_path, RNG.normal(size=(50, 4)))
    assert np.array_equal(np.asarray(rows), rows[:])
    monkeypatch.setattr("gwae_core.row_source.SAMPLE_BYTES", 4 * 50 * 4 - 1)
    for use in (np.asarray, np.linalg.norm, lambda x: DataArrays(x).array):
        with pytest.raises(DataError, match="needs all 50 rows in memory") as caught:
            use(rows)
        assert "data.on_disk: false" in str(caught.value.hint)


def test_files_of_another_layout_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "columns.npy", np.asfortranarray(RNG.normal(size=(5, 4))))
    np.save(tmp_path / "objects.npy", np.array([{}, {}], dtype=object))
    np.savez(tmp_path / "archive.npz", x=np.ones(3))
    (tmp_path / "archive.npz").rename(tmp_path / "archive.npy")
    (tmp_path / "text.npy").write_text("no array")
    np.save(tmp_path / "cut.npy", np.ones((100, 4)))
    (tmp_path / "cut.npy").write_bytes((tmp_path / "cut.npy").read_bytes()[:-8])
    for name in ("columns", "objects", "archive", "text", "cut"):
        with pytest.raises(DataError, match=rf"{name}\.npy"):
            RowFile(tmp_path / f"{name}.npy")


def config(folder: Path, **changes: object) -> RunConfig:
    values = {
        "latent_dim": 2,
        "data": {"type": "arrays", "path": folder / "x.npy", "on_disk": True},
        "encoder": {"hidden": [16]},
        "decoder": {"hidden": [16]},
        "prior": {"type": "gaussian-mixture", "num_components": 3},
        "training": {"steps": 20, "batch_size": 32, "log_every": 10, "validate_every": 10},
    }
    return RunConfig.from_mapping(values | changes)


def blobs(folder: Path) -> None:
    y = np.repeat(np.arange(3), 60)
    x = RNG.normal(size=(180, 6, 6)) * 10 + 60 * y[:, None, None] + 40
    np.save(folder / "x.npy", x.clip(0, 255).astype(np.uint8))
    np.save(folder / "y.npy", y)


def test_a_run_from_disk_gives_the_weights_of_one_from_memory(tmp_path: Path) -> None:
    blobs(tmp_path)
    data = {"type": "arrays", "path": tmp_path / "x.npy", "y_path": tmp_path / "y.npy"}
    found = {}
    for name, on_disk, prefetch in (
        ("a", False, 0),
        ("b", True, 0),
        ("c", True, 3),
        ("d", False, 1),
    ):
        training = {"steps": 20, "batch_size": 32, "prefetch": prefetch}
        settings = config(tmp_path, data={**data, "on_disk": on_disk}, training=training)
        result = run(settings, out=tmp_path / name, report=False)
        found[name] = (read_checkpoint(result.folder / "checkpoints/last.safetensors")[0], result)
    for name in "bcd":
        # Statistics are computed in another order, so that the last bits may differ.
        exact = name in "d"
        for key, value in found["a"][0].items():
            other = found[name][0][key]
            assert torch.equal(value, other) if exact else torch.allclose(value, other, atol=1e-3)
    for key, value in found["b"][0].items():
        assert torch.equal(value, found["c"][0][key])
    assert any("accuracy" in name for name in found["b"][1].metrics)  # the labels are there
    again = evaluate_run(tmp_path / "b", force=True)
    assert again == pytest.approx(dict(found["b"][1].metrics))
    assert load(tmp_path / "b").encode(np.load(tmp_path / "x.npy")[:5, None] / 255.0).shape == (
        5,
        2,
    )


def test_a_run_from_disk_can_be_interrupted_and_resumed(tmp_path: Path) -> None:
    blobs(tmp_path)
    whole = run(config(tmp_path), out=tmp_path / "whole", report=False)

    def stop(record: dict[str, object]) -> None:
        if record["event"] == "progress" and record["step"] == 13:
            raise KeyboardInterrupt

    with pytest.raises((KeyboardInterrupt, GWAEError)):
        run(config(tmp_path), out=tmp_path / "cut", observe=stop, report=False)
    # How many batches are read ahead changes none of them.
    training = {"steps": 20, "batch_size": 32, "log_every": 10, "validate_every": 10, "prefetch": 5}
    settings = config(tmp_path, training=training)
    resumed = run(settings, out=tmp_path / "cut", resume=True, report=False)
    a, b = (read_checkpoint(r.folder / "checkpoints/last.safetensors")[0] for r in (whole, resumed))
    assert all(torch.equal(a[name], b[name]) for name in a)


def test_only_a_sample_is_evaluated_and_validated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gwae_core.row_source.SAMPLE_BYTES", 4 * 36 * 20)
    blobs(tmp_path)
    folder = run(config(tmp_path), out=tmp_path / "run", report=False).folder
    counts = json.loads((folder / "evaluation/facts.json").read_text())["counts"]
    assert counts == {"train": 20, "test": 20}


def test_the_geodesic_metric_needs_data_that_fit_into_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blobs(tmp_path)
    geodesic = {"type": "gwae", "data_metric": "geodesic"}
    run(config(tmp_path, objective=geodesic), out=tmp_path / "small", report=False)
    monkeypatch.setattr("gwae_core.row_source.SAMPLE_BYTES", 4 * 36 * 20)
    with pytest.raises(GWAEError, match="read row by row, and do not fit") as caught:
        run(config(tmp_path, objective=geodesic), out=tmp_path / "run")
    assert "data_metric to ground" in str(caught.value.hint)


def test_large_files_stay_on_disk_by_themselves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blobs(tmp_path)
    settings = Arrays.Config(path=tmp_path / "x.npy")
    assert isinstance(Arrays(settings).load().x, np.ndarray)
    monkeypatch.setattr("gwae_core.builtin.datasets.arrays.DISK_BYTES", 1000)
    assert isinstance(Arrays(settings).load().x, StoredRows)
    np.save(tmp_path / "columns.npy", np.asfortranarray(np.ones((50, 20))))
    columns = Arrays.Config(path=tmp_path / "columns.npy")
    assert isinstance(Arrays(columns).load().x, np.ndarray)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"scaling": "standardize"}, "`scaling: standardize` cannot be applied"),
        ({"shape": (5, 5)}, "has 25 values a point"),
        ({"y_path": "z.npy"}, r"has 180 rows, but .*z\.npy 10"),
        ({"path": "missing.npy"}, "no such file"),
        ({"path": "x.npz"}, "only the rows of an .npy file can"),
        ({"path": "names.npy"}, "expected real numbers"),
    ],
)
def test_likely_mistakes_are_named(tmp_path: Path, fields: dict[str, object], message: str) -> None:
    blobs(tmp_path)
    np.save(tmp_path / "z.npy", np.arange(10))
    np.savez(tmp_path / "x.npz", x=np.ones((10, 3)))
    np.save(tmp_path / "names.npy", np.array(["a", "b"]))
    files = {k: tmp_path / str(v) for k, v in fields.items() if "path" in k}
    values = {"path": tmp_path / "x.npy", "on_disk": True} | fields | files
    with pytest.raises(DataError, match=message):
        Arrays(Arrays.Config.model_validate(values)).load()


CONSTANT_MEMORY = """
import itertools, resource, sys, time
from pathlib import Path
import numpy as np
import torch
torch.set_num_threads(1)
from gwae_core.builtin.datasets import Arrays
from gwae_core.config import SplitConfig, TrainingConfig
from gwae_core.context import BuildContext
from gwae_core.run_data import in_memory, rows_of, training_batches
from gwae_core.splits import checksum, split

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

before, began = peak(), time.time()
def tell(what):
    print(f"{what}: {peak() - before:.0f} MiB, {time.time() - began:.0f} s", flush=True)

data = Arrays(Arrays.Config(path=Path(sys.argv[1]))).load()
splits = split(data, SplitConfig(), seed=0)
tell("split")
checksum(data)
tell("checksum")
context = BuildContext.for_data(rows_of(splits.train), 16)
tell("statistics")
batches = training_batches(splits.train, TrainingConfig(batch_size=256), seed=0)
for batch in itertools.islice(iter(batches), 200):
    assert batch.x.shape == (256, 3, 64, 64) and batch.x.dtype == torch.float32
tell("200 batches of 256")
in_memory(splits.test)
tell("sample")
print(peak() - before, float(context.statistics.high))
"""


@pytest.mark.slow
def test_480_000_images_take_constant_memory(tmp_path: Path) -> None:
    images = np.lib.format.open_memmap(
        tmp_path / "x.npy", mode="w+", dtype=np.uint8, shape=(480_000, 64, 64, 3)
    )
    # The file is sparse: all but these pixels are holes, which take no room on the disk.
    for row in range(0, 480_000, 10_000):
        images[row, ::9, ::9] = 255
    images.flush()
    del images
    assert (tmp_path / "x.npy").stat().st_size > 5.8e9
    done = subprocess.run(
        [sys.executable, "-c", CONSTANT_MEMORY, str(tmp_path / "x.npy")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    print(done.stdout)
    growth, high = map(float, done.stdout.split("\n")[-2].split())
    assert growth < 600
    assert high == 1.0

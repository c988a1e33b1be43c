"""Damaged files of data: npy, npz, csv and idx."""

from __future__ import annotations

import gzip
import io
import struct
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from gwae_core import BuildContext, RunConfig
from gwae_core.run_data import load_data
from gwae_core.splits import split

few = settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow])
many = settings(max_examples=800, suppress_health_check=[HealthCheck.too_slow])

X = np.random.default_rng(0).integers(0, 256, (12, 4, 4), dtype=np.uint8)
Y = np.arange(12, dtype=np.uint8) % 3


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def npz(*, compressed: bool) -> bytes:
    file = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(file, x=X / 255, y=Y)
    return file.getvalue()


def idx(array: np.ndarray) -> bytes:
    return struct.pack(f">I{array.ndim}I", 0x0800 + array.ndim, *array.shape) + array.tobytes()


ROWS = "\n".join(f"{i},{i * 0.5},{'ab'[i % 2]}" for i in range(12))
CONTENTS: dict[str, bytes] = {
    "x.npy": npy(X / 255),
    "flat.npy": npy(X.reshape(12, -1).astype(">f8")),
    "x.npz": npz(compressed=False),
    "packed.npz": npz(compressed=True),
    "x.csv": f"a,b,label\n{ROWS}\n".encode(),
    "images-idx3": idx(X),
    "images-idx3.gz": gzip.compress(idx(X), mtime=0),
}
EDGES: dict[str, bytes] = {
    "huge.npy": npy(X).replace(b"(12, 4, 4)", b"(12, 4, 4000000000000)"),
    "negative.npy": npy(X).replace(b"(12, 4, 4)", b"(-12, 4, 4)"),
    "code.npy": npy(X).replace(b"(12, 4, 4)", b"__import__"),
    "text.npy": npy(np.array(["a", "b"])),
    "dates.npy": npy(np.arange("2020-01", "2021-01", dtype="datetime64[M]")),
    "fields.npy": npy(np.zeros(12, dtype=[("a", "f4"), ("b", "i4")])),
    "scalar.npy": npy(np.float64(1)),
    "complex.npy": npy(np.ones((12, 2)) * 1j),
    "big.npy": npy(np.full((12, 2), 1e300)),
    "empty.npy": b"",
    "empty.npz": b"PK\x05\x06" + bytes(18),
    "long.csv": b"a,b\n" + b"1" * 200_000 + b",2\n",
    "quote.csv": b'a,b\n"1,2\n3,4\n',
    "nul.csv": b"a,b\n1,\x002\n",
    "latin.csv": "a,b\n1,é\n".encode("latin-1"),
    "wide.csv": b"a" * 100_000 + b"\n1\n",
    "inf.csv": b"a,b\n1,inf\n2,nan\n",
    "short-idx3": idx(X)[:40],
    "huge-idx3": struct.pack(">I3I", 0x0803, 2**32 - 1, 2**32 - 1, 2**32 - 1),
    "bomb-idx3.gz": gzip.compress(struct.pack(">I3I", 0x0803, 1, 2, 2) + bytes(50_000_000)),
}


def read(name: str, content: bytes, y: str | None) -> None:
    """What a run does with its data before it trains."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        if "idx" in name:
            data = {"type": "idx", "images": str(path)}
        else:
            data = {"type": "arrays", "path": str(path), "y": y}
        config = RunConfig.from_mapping({"data": data})
        parts = split(load_data(config, None), config.split, seed=0)
        import torch

        BuildContext.for_data(torch.from_numpy(parts.train.x), 2)


def check_files(data, damaged, survives):
    name = data.draw(st.sampled_from(sorted(CONTENTS)))
    content = damaged(data, CONTENTS[name])
    y = data.draw(st.sampled_from([None, "label" if name == "x.csv" else "y"]))
    event("read" if survives(lambda: read(name, content, y)) else "refused")


@few
@given(data=st.data())
def test_files(data, damaged, survives):
    check_files(data, damaged, survives)


@pytest.mark.slow
@many
@given(data=st.data())
def test_files_many_times(data, damaged, survives):
    check_files(data, damaged, survives)


@pytest.mark.parametrize("name", [*CONTENTS, *EDGES])
def test_files_at_the_edge(name, survives):
    read_well = survives(lambda: read(name, (CONTENTS | EDGES)[name], None))
    assert read_well == (name in CONTENTS and name != "x.csv"), "only whole files are read"


@pytest.mark.parametrize("name", [n for n in (*CONTENTS, *EDGES) if "idx" not in n])
def test_distances_of_files_at_the_edge(name, command, tmp_path):
    (tmp_path / name).write_bytes((CONTENTS | EDGES)[name])
    np.save(tmp_path / "z.npy", np.arange(10.0).reshape(5, 2))
    command("distance", tmp_path / name, tmp_path / "z.npy", "-e", "sliced")

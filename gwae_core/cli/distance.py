"""What `gwae distance` reads and prints."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gwae_core.cli.tables import table
from gwae_core.errors import DataError, GWAEError, SpaceError
from gwae_core.spaces import GWResult

NPZ = ".npz"
DELIMITERS = {".csv": ",", ".tsv": "\t", ".txt": None}


def read_array(name: str) -> NDArray[Any]:
    """Read one array of numbers; nothing in the file is ever executed (no pickle).

    Args:
        name: File .npy, .npz (its only array, or that called ``x``; ``FILE.npz:KEY`` says which),
            .csv, .tsv or .txt (rows of numbers, under a line of names or not).

    Raises:
        DataError: No such file or array, another format, or no numbers.
    """
    path, key = Path(name), None
    if not path.exists() and f"{NPZ}:" in name:
        stem, _, key = name.rpartition(f"{NPZ}:")
        path = Path(stem + NPZ)
    if not path.is_file():
        raise DataError(f"no such file: {path}", hint=f"paths are relative to {Path.cwd()}")
    suffix = path.suffix.lower()
    if suffix not in (".npy", NPZ, *DELIMITERS):
        raise DataError(
            f"{path} ends in {suffix or 'nothing'}; expected .npy, .npz, .csv, .tsv or .txt",
            hint="np.save(PATH, array) writes what is read here",
        )
    try:
        array = _read_rows(path) if suffix in DELIMITERS else _read_numpy(path, key)
    except GWAEError:
        raise
    # damaged bytes fail in zipfile, zlib and numpy with a dozen kinds of exceptions
    except Exception as error:
        raise DataError(
            f"{path} cannot be read: {error or type(error).__name__}",
            hint="np.save(PATH, array) writes what is read here",
        ) from error
    if array.ndim == 0 or array.size == 0:
        raise DataError(f"{path} holds no points: shape {array.shape}")
    if array.dtype.kind not in "buif":
        raise DataError(f"{path} holds {array.dtype}; expected real numbers")
    return array


def read_weights(name: str) -> NDArray[Any]:
    """Read weights, (n,); one row or one column of a table are weights too."""
    array = read_array(name)
    return array.ravel() if array.ndim == 2 and 1 in array.shape else array


def _read_numpy(path: Path, key: str | None) -> NDArray[Any]:
    with path.open("rb") as file:
        held = np.load(file, allow_pickle=False)
        if isinstance(held, np.ndarray):
            return held
        keys = list(held.files)
        chosen = key or ("x" if "x" in keys or len(keys) != 1 else keys[0])
        if chosen not in keys:
            raise DataError(
                f"{path} has no array {chosen!r}; it has {', '.join(keys) or 'none'}",
                hint=f"name one: {path}:{keys[0] if keys else 'KEY'}",
            )
        array: NDArray[Any] = held[chosen]
        return array


def _read_rows(path: Path) -> NDArray[np.float64]:
    delimiter = DELIMITERS[path.suffix.lower()]
    with path.open(encoding="utf-8-sig") as file:
        lines = [line for line in file if line.strip() and not line.startswith("#")]
    if lines and not all(map(_is_number, lines[0].strip().split(delimiter))):
        del lines[0]
    if not lines:
        return np.empty((0, 0))
    return np.loadtxt(lines, dtype=np.float64, delimiter=delimiter, ndmin=2)


def _is_number(cell: str) -> bool:
    try:
        float(cell or "nan")
    except ValueError:
        return False
    return True


def plan_of(result: GWResult, estimator: str) -> NDArray[Any]:
    """The coupling as a matrix, (n, m).

    Raises:
        SpaceError: The estimator has none.
    """
    if result.plan is None:
        raise SpaceError(
            f"estimator {estimator!r} gives no plan",
            hint="leave out --plan, or take an estimator that finds a coupling, such as exact",
        )
    return result.dense().cpu().numpy()


def facts(
    result: GWResult, estimator: str, sizes: tuple[int, int], seconds: float
) -> dict[str, Any]:
    """What is printed: name and value."""
    return {
        "estimator": estimator,
        "points": list(sizes),
        "value": float(result.value),
        "objective": float(result.objective),
        "converged": result.converged,
        "iterations": result.n_iter,
        "marginal_error": result.marginal_error,
        "seconds": seconds,
    }


def distance_text(facts: dict[str, Any]) -> str:
    """The facts, one a line."""
    shown = {
        **facts,
        "points": "{} and {}".format(*facts["points"]),
        "converged": "yes" if facts["converged"] else "no",
        "seconds": f"{facts['seconds']:.3g}",
        "marginal_error": f"{facts['marginal_error']:.2g}",
    }
    rows = [
        (name.replace("_", " "), f"{value:.8g}" if isinstance(value, float) else str(value))
        for name, value in shown.items()
    ]
    first, *rest = rows
    return table(first, rest)


def distance_json(facts: dict[str, Any]) -> str:
    """The facts for programs."""
    return json.dumps(facts, indent=2)

"""Arrays from npz, npy and csv files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from gwae_core.builtin.datasets.csv_file import CSVTable
from gwae_core.errors import DataError

SUFFIXES = (".npz", ".npy", ".csv", ".tsv", ".txt")


@dataclass(frozen=True)
class RawArrays:
    """What a file holds, as it lies there.

    Attributes:
        x: Data, (n, ...).
        y: Labels of any type, (n,), or None.
        factors: Factors, (n, n_factors), or None.
        factor_names: Names of the factors, where the file has names.
    """

    x: NDArray[Any]
    y: NDArray[Any] | None = None
    factors: NDArray[Any] | None = None
    factor_names: tuple[str, ...] | None = None


def read_arrays(
    path: Path,
    *,
    x: str | None = None,
    y: str | None = None,
    factors: Sequence[str] = (),
    header: bool | None = None,
) -> RawArrays:
    """Read a file; nothing in it is ever executed (no pickle).

    Args:
        path: An npz, npy, or csv file; csv also by the endings tsv and txt.
        x: Key of the data in an npz file.
        y: Key (npz) or column (csv) of the labels; None takes ``y`` beside ``x`` in an npz file.
        factors: Keys (npz) or columns (csv) of the factors.
        header: Whether the first line of a csv file holds names; None finds out.

    Raises:
        DataError: No such file, another format, a damaged file, no such key, or pickled objects.
    """
    if not path.is_file():
        raise DataError(
            f"no such file: {path}", hint=f"paths are relative to {Path.cwd()}; check data.path"
        )
    match path.suffix.lower():
        case ".npz":
            with path.open("rb") as file:
                return _read_npz(_load(path, file), path, x, y, factors)
        case ".npy":
            if y is not None or factors:
                raise DataError(
                    f"{path} holds one array, so that data.y and data.factors have nowhere to be",
                    hint="write them into one file: np.savez(PATH, x=x, y=y)",
                )
            with path.open("rb") as file:
                array = _load(path, file)
            if not isinstance(array, np.ndarray):
                raise DataError(f"{path} is an archive of arrays", hint="rename it to .npz")
            return RawArrays(array)
        case ".csv" | ".tsv" | ".txt":
            return _read_csv(path, y, factors, header)
    raise DataError(
        f"{path} ends in {path.suffix or 'nothing'}; expected one of {', '.join(SUFFIXES)}",
        hint="np.savez(PATH, x=x, y=y) writes what is read here",
    )


def _load(path: Path, file: BinaryIO) -> Any:
    # The file is opened here, since numpy leaves it open where it fails.
    try:
        return np.load(file, allow_pickle=False)
    # damaged bytes fail in zipfile, zlib and numpy with a dozen kinds of exceptions
    except Exception as error:
        raise _unreadable(path, error) from error


def _unreadable(what: Path | str, error: Exception) -> DataError:
    if "allow_pickle" in str(error) or "pickle" in str(error):
        return DataError(
            f"{what} holds pickled objects, which could run code, or is not a numpy file",
            hint="save plain numbers: np.savez(PATH, x=np.asarray(x, dtype=np.float32), y=y)",
        )
    return DataError(f"{what} cannot be read as a numpy file: {error}", hint="write it again")


def _read_npz(
    archive: Any, path: Path, x: str | None, y: str | None, factors: Sequence[str]
) -> RawArrays:
    if not isinstance(archive, np.lib.npyio.NpzFile):
        raise DataError(f"{path} is not an npz archive", hint="rename a single array to .npy")
    with archive:
        keys = list(archive.files)
        if x is None:
            x = "x" if "x" in keys or len(keys) != 1 else keys[0]
        if y is None and x == "x" and "y" in keys:
            y = "y"

        def get(field: str, key: str) -> NDArray[Any]:
            if key not in keys:
                raise DataError(
                    f"{path} has no array {key!r}; it has {', '.join(keys) or 'none'}",
                    hint=f"name the right one: data.{field}",
                )
            try:
                array: NDArray[Any] = archive[key]
            except Exception as error:
                raise _unreadable(f"{path}[{key!r}]", error) from error
            return array

        columns = [get("factors", key) for key in factors]
        stacked = [c[:, None] if c.ndim == 1 else c for c in columns]
        return RawArrays(
            get("x", x),
            None if y is None else get("y", y),
            np.concatenate(stacked, axis=1) if stacked else None,
            # An array of several columns has no name for each.
            tuple(factors) if stacked and all(c.ndim == 1 for c in columns) else None,
        )


def _read_csv(path: Path, y: str | None, factors: Sequence[str], header: bool | None) -> RawArrays:
    delimiter = "\t" if path.suffix.lower() == ".tsv" else None
    table = CSVTable.open(path, delimiter=delimiter, header=header)
    label = None if y is None else table.column(y)
    factor_columns = [table.column(name) for name in factors]
    taken = {label, *factor_columns}
    rest = [column for column in range(len(table.names)) if column not in taken]
    if not rest:
        raise DataError(f"{path} has no column left for the data")
    return RawArrays(
        table.numbers(rest),
        None if label is None else table.text(label),
        table.numbers(factor_columns) if factor_columns else None,
        tuple(factors) if factor_columns else None,
    )

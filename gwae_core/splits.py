"""Splits of a data set: drawn by seed, stored with the run, checked when data are read again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gwae_core.config import SplitConfig
from gwae_core.data_checks import check_arrays
from gwae_core.errors import DataError
from gwae_core.interfaces import DataArrays
from gwae_core.row_source import RowSource

PARTS = ("train", "validation", "test")


@dataclass(frozen=True)
class Splits:
    """A data set in three parts; a part may be empty, the training part is not.

    Attributes:
        train: What a model is fitted on.
        validation: What settings and stopping are decided on.
        test: What results are reported on.
        index: Rows of each part in the whole data set, by ``train``, ``validation``, ``test``; in
            random order, so that the first k rows of a part are a random sample of it.
    """

    train: DataArrays
    validation: DataArrays
    test: DataArrays
    index: Mapping[str, NDArray[np.int64]]


def split(data: DataArrays, config: SplitConfig, *, seed: int) -> Splits:
    """Split a data set at random.

    The seed alone decides: neither numpy's nor torch's global state is read or changed. Stratified,
    the number of points of a class in a part differs from its share by less than 2. Where the data
    bring a test part of their own, that is the test part, ``config.test`` has no effect, and
    ``config.validation`` is a share of the other rows.

    Args:
        data: The whole data set.
        config: Shares, seed, stratification.
        seed: The run's seed, taken where ``config.seed`` is None.

    Raises:
        DataError: Arrays that do not fit together, hold NaN or inf, or are too few.
    """
    check_arrays(data)
    rng = np.random.default_rng(seed if config.seed is None else config.seed)
    n = len(data.x)
    rows = np.arange(n)
    labels = data.y if config.stratify and data.y is not None else np.zeros(n, dtype=np.int64)
    if data.test_from is not None:
        rest, test = rows[: data.test_from], rng.permutation(rows[data.test_from :])
        count = _count(len(rest), config.validation)
    else:
        test, rest = _take(rows, labels, _count(n, config.test), rng)
        count = _count(n, config.validation)
    validation, train = _take(rest, labels, count, rng)
    if len(train) < 2:
        raise DataError(
            f"{n} points leave {len(train)} to train on beside {len(validation)} for validation "
            f"and {len(test)} for the test; at least 2 are needed",
            hint="take more data, or smaller shares split.validation and split.test",
        )
    return restore(data, {"train": train, "validation": validation, "test": test})


def restore(data: DataArrays, index: Mapping[str, NDArray[np.int64]]) -> Splits:
    """Split a data set by rows that were stored.

    Args:
        data: The whole data set.
        index: Rows of ``train``, ``validation`` and ``test``.

    Raises:
        DataError: A part is missing, a row is not in the data, or two parts share a row.
    """
    missing = [part for part in PARTS if part not in index]
    if missing:
        raise DataError(f"the split has no {' and no '.join(missing)}; expected {PARTS}")
    rows = {part: np.asarray(index[part], dtype=np.int64) for part in PARTS}
    used = np.concatenate([rows[part] for part in PARTS])
    if used.size and (used.min() < 0 or used.max() >= len(data.x)):
        raise DataError(
            f"the split names row {used.max() if used.min() >= 0 else used.min()}, but the data "
            f"have {len(data.x)} rows",
            hint="the data changed since the split was drawn; train again, or bring them back",
        )
    if len(np.unique(used)) != len(used):
        raise DataError("two parts of the split share a row; scores on them would mean nothing")
    train, validation, test = (_part(data, rows[part]) for part in PARTS)
    return Splits(train, validation, test, index=rows)


def checksum(data: DataArrays) -> str:
    """SHA-256 of the content of a data set (values, shapes, dtypes), in hexadecimal digits."""
    digest = hashlib.sha256()
    if isinstance(data.x, RowSource):
        for block in data.x.content():
            digest.update(block)
    for array in (None if isinstance(data.x, RowSource) else data.x, data.y, data.factors):
        if array is None:
            digest.update(b"none;")
            continue
        digest.update(f"{array.dtype.str}{array.shape};".encode())
        digest.update(np.ascontiguousarray(array).data)
    digest.update(f"{data.test_from}".encode())
    return digest.hexdigest()


def _count(n: int, share: float) -> int:
    """Number of points of a share: rounded, at least 1 where the share is not 0."""
    return max(round(share * n), 1) if share > 0 else 0


def _take(
    rows: NDArray[np.int64], labels: NDArray[np.int64], count: int, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Draw ``count`` of the rows, evenly over labels; return them and the others, shuffled."""
    count = min(count, len(rows))
    rows = rng.permutation(rows)
    # Evenly spaced places in a random order sorted by label, from a random start: a class of m
    # points gets its share of them, rounded up or down, and each point the same chance.
    _, codes = np.unique(labels[rows], return_inverse=True)
    order = np.argsort(rng.permutation(codes.max(initial=0) + 1)[codes], kind="stable")
    taken = np.zeros(len(rows), dtype=bool)
    if count:
        places = (np.arange(count) + rng.uniform()) * (len(rows) / count)
        taken[order[np.floor(places).astype(np.int64)]] = True
    return rows[taken], rows[~taken]


def _part(data: DataArrays, rows: NDArray[np.int64]) -> DataArrays:
    return replace(
        data,
        x=data.x.take(rows) if isinstance(data.x, RowSource) else data.x[rows],
        y=None if data.y is None else data.y[rows],
        factors=None if data.factors is None else data.factors[rows],
        test_from=None,
    )

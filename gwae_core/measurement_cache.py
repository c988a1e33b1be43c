"""Measurements that were made before: of the same model, data, settings and versions."""

from __future__ import annotations

import hashlib
import json
import math
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from gwae_core.errors import RunFolderError
from gwae_core.files import read_json, read_npz, write_json, write_npz
from gwae_core.measurements import Measurement

FOLDER = "cache"
"""Subfolder of the folder of an evaluation."""


def digest(*values: Any) -> str:
    """SHA-256 of values that JSON can write, in hexadecimal digits."""
    text = json.dumps(values, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


class MeasurementCache:
    """Measurements by key, in files; each is written as soon as it was made.

    Args:
        folder: Folder of the evaluation.
        context: Digest of all that a measurement depends on beside the metric.
    """

    def __init__(self, folder: Path, context: str) -> None:
        self._all = folder / FOLDER
        self._folder = self._all / context[:16]

    def find(self, key: str) -> Measurement | None:
        """The measurement of a key; None where there is none, or its files are damaged."""
        path = self._path(key)
        if not path.is_file():
            return None
        try:
            stored = read_json(path)
            if stored.get("key") != key:
                return None
            arrays = read_npz(path.with_suffix(".npz")) if stored["arrays"] else {}
            return stored_measurement(stored, stored["numbers"], stored["intervals"], arrays)
        except (RunFolderError, LookupError, TypeError, ValueError, AttributeError):
            return None

    def save(self, one: Measurement) -> None:
        """Keep a measurement.

        Raises:
            RunFolderError: It cannot be written.
        """
        path = self._path(one.key)
        if one.arrays:
            write_npz(path.with_suffix(".npz"), one.arrays)
        write_json(path, {**described(one), "numbers": one.values, "intervals": one.intervals})

    def drop(self, keys: Iterable[str]) -> None:
        """Remove these, and all that was measured of another model or in other circumstances."""
        for path in map(self._path, keys):
            path.unlink(missing_ok=True)
            path.with_suffix(".npz").unlink(missing_ok=True)
        if self._all.is_dir():
            for folder in self._all.iterdir():
                if folder != self._folder or not any(folder.iterdir()):
                    shutil.rmtree(folder, ignore_errors=True)
            if not any(self._all.iterdir()):
                self._all.rmdir()

    def _path(self, key: str) -> Path:
        return self._folder / f"{key[:16]}.json"


def described(one: Measurement) -> dict[str, Any]:
    """What is said of a measurement beside its numbers and arrays; JSON types only."""
    return {
        "metric": one.metric,
        "key": one.key,
        "config": dict(one.config),
        "values": list(one.values),
        "arrays": list(one.arrays),
        "applies": one.applies,
        "seconds": one.seconds,
    }


def stored_measurement(
    about: Mapping[str, Any],
    numbers: Mapping[str, Any],
    intervals: Mapping[str, Any],
    arrays: Mapping[str, Any],
) -> Measurement:
    """A measurement from what `described` said of it, and from where its numbers and arrays are.

    Raises:
        LookupError, TypeError, ValueError: Something is missing or of another type.
    """
    values = {str(name): float(numbers[name]) for name in about["values"]}
    if not all(math.isfinite(value) for value in values.values()):
        raise ValueError("a number is not finite")
    ends = {name: [float(end) for end in intervals[name]] for name in values if name in intervals}
    return Measurement(
        str(about["metric"]),
        values,
        ends,
        {str(name): arrays[name] for name in about["arrays"]},
        applies=bool(about["applies"]),
        seconds=float(about["seconds"]),
        key=str(about["key"]),
        config=dict(about["config"]),
    )

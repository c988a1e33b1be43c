"""What an evaluation found, in memory and in the run folder."""

from __future__ import annotations

import io
import json
import math
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gwae_core.errors import RunFolderError

FOLDER = "evaluation"
"""Subfolder of a run folder."""


@dataclass(frozen=True)
class Evaluation:
    """Numbers, arrays to draw, and what is needed to read them.

    Attributes:
        metrics: Values by ``metric.variant.name``, such as ``clustering.prior.accuracy``.
        figures: Arrays by name; `gwae_core.evaluate.evaluate` lists them.
        facts: What a reader must know beside them; JSON types only.
    """

    metrics: dict[str, float]
    figures: dict[str, NDArray[Any]]
    facts: dict[str, Any]


def save_evaluation(folder: Path, evaluation: Evaluation) -> Path:
    """Write ``evaluation/{facts.json, figures.npz, metrics.json}`` in a run folder.

    Each file is replaced in one step, the numbers last.

    Args:
        folder: The run folder.
        evaluation: What to write; the arrays hold no objects.

    Returns:
        The folder that was written.

    Raises:
        RunFolderError: It cannot be written.
    """
    for name, array in evaluation.figures.items():
        if array.dtype.hasobject:
            raise TypeError(f"figure {name!r} holds objects, which only a pickle could store")
    target = folder / FOLDER
    archive = io.BytesIO()
    arrays: dict[str, Any] = dict(evaluation.figures)
    np.savez_compressed(archive, **arrays)
    try:
        target.mkdir(parents=True, exist_ok=True)
        _replace(target / "facts.json", _json(evaluation.facts))
        _replace(target / "figures.npz", archive.getvalue())
        _replace(target / "metrics.json", _json(evaluation.metrics))
    except OSError as error:
        raise RunFolderError(f"{target} cannot be written: {error}") from error
    return target


def load_evaluation(folder: Path) -> Evaluation:
    """Read what `save_evaluation` wrote in a run folder.

    Raises:
        RunFolderError: A file is missing or not readable.
    """
    source = folder / FOLDER
    try:
        metrics = json.loads((source / "metrics.json").read_text(encoding="utf-8"))
        facts = json.loads((source / "facts.json").read_text(encoding="utf-8"))
        # read first: where the archive is damaged, numpy leaves a file that it opened open
        content = io.BytesIO((source / "figures.npz").read_bytes())
        with np.load(content, allow_pickle=False) as arrays:
            figures = {name: arrays[name] for name in arrays.files}
    except FileNotFoundError as error:
        raise RunFolderError(
            f"{folder} holds no evaluation: {error.filename} is missing",
            hint=f"gwae evaluate {folder}",
        ) from error
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise RunFolderError(
            f"{source} cannot be read: {error}", hint=f"gwae evaluate {folder}"
        ) from error
    return Evaluation({name: float(value) for name, value in metrics.items()}, figures, facts)


def unusable(metrics: dict[str, float]) -> list[str]:
    """Names whose value is NaN or infinite."""
    return [name for name, value in metrics.items() if not math.isfinite(value)]


def _json(values: Any) -> bytes:
    return (json.dumps(values, indent=2, allow_nan=False) + "\n").encode()


def _replace(path: Path, content: bytes) -> None:
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(content)
    os.replace(partial, path)

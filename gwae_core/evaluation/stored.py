"""What an evaluation found, in memory and in the run folder."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from numpy.typing import NDArray

from gwae_core.errors import RunFolderError
from gwae_core.files import read_json, read_npz, write_json, write_npz

FOLDER = "evaluation"
"""Subfolder of a run folder."""
CHECKSUMS = "checksums"
"""In ``facts.json``, those of the two other files: whether all three were written together."""

Part = Literal["test", "validation"]
"""The part of the data that an evaluation is on."""


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


def evaluation_folder(folder: Path, part: Part = "test") -> Path:
    """Where the evaluation of a run lies; that on validation data apart, in ``validation``."""
    return folder / FOLDER if part == "test" else folder / FOLDER / part


def save_evaluation(folder: Path, evaluation: Evaluation, *, part: Part = "test") -> Path:
    """Write ``evaluation/{figures.npz, metrics.json, facts.json}`` in a run folder.

    Each file is replaced in one step; the last one holds checksums of the others.

    Args:
        folder: The run folder.
        evaluation: What to write; the arrays hold no objects.
        part: The part of the data that it is on.

    Returns:
        The folder that was written.

    Raises:
        RunFolderError: It cannot be written.
    """
    for name, array in evaluation.figures.items():
        if array.dtype.hasobject:
            raise TypeError(f"figure {name!r} holds objects, which only a pickle could store")
    target = evaluation_folder(folder, part)
    write_npz(target / "figures.npz", evaluation.figures)
    write_json(target / "metrics.json", evaluation.metrics)
    write_json(target / "facts.json", {**evaluation.facts, CHECKSUMS: _checksums(target)})
    return target


def load_evaluation(folder: Path, *, part: Part = "test") -> Evaluation:
    """Read what `save_evaluation` wrote in a run folder.

    Raises:
        RunFolderError: A file is missing or not readable.
    """
    source = evaluation_folder(folder, part)
    if not (source / "metrics.json").is_file():
        raise RunFolderError(f"{folder} holds no evaluation", hint=f"gwae evaluate {folder}")
    metrics, facts = read_json(source / "metrics.json"), read_json(source / "facts.json")
    facts.pop(CHECKSUMS, None)
    try:
        figures = read_npz(source / "figures.npz")
        numbers = {name: float(value) for name, value in metrics.items()}
    except RunFolderError as error:
        raise RunFolderError(error.message, hint=f"gwae evaluate {folder}") from error
    except (TypeError, ValueError, OverflowError) as error:
        raise RunFolderError(
            f"{source / 'metrics.json'} does not hold numbers: {error}",
            hint=f"gwae evaluate {folder}",
        ) from error
    return Evaluation(numbers, figures, facts)


def is_whole(folder: Path, *, part: Part = "test") -> bool:
    """Whether the files of an evaluation were written together; those of early runs do not say.

    Raises:
        RunFolderError: A file cannot be read.
    """
    source = evaluation_folder(folder, part)
    return bool(read_json(source / "facts.json").get(CHECKSUMS) == _checksums(source))


def _checksums(folder: Path) -> dict[str, str]:
    try:
        return {
            name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
            for name in ("figures.npz", "metrics.json")
        }
    except OSError as error:
        raise RunFolderError(f"{folder} cannot be read: {error.strerror or error}") from error


def unusable(metrics: dict[str, float]) -> list[str]:
    """Names whose value is NaN or infinite."""
    return [name for name, value in metrics.items() if not math.isfinite(value)]

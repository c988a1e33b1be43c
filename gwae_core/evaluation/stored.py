"""What an evaluation found, in memory and in the run folder."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from gwae_core.errors import RunFolderError
from gwae_core.files import read_json, read_npz, write_json, write_npz

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
    write_json(target / "facts.json", evaluation.facts)
    write_npz(target / "figures.npz", evaluation.figures)
    write_json(target / "metrics.json", evaluation.metrics)
    return target


def load_evaluation(folder: Path) -> Evaluation:
    """Read what `save_evaluation` wrote in a run folder.

    Raises:
        RunFolderError: A file is missing or not readable.
    """
    source = folder / FOLDER
    if not (source / "metrics.json").is_file():
        raise RunFolderError(f"{folder} holds no evaluation", hint=f"gwae evaluate {folder}")
    metrics, facts = read_json(source / "metrics.json"), read_json(source / "facts.json")
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


def unusable(metrics: dict[str, float]) -> list[str]:
    """Names whose value is NaN or infinite."""
    return [name for name, value in metrics.items() if not math.isfinite(value)]

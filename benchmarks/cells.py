"""Cells of a study: each is trained once, its numbers kept in a file, so that a study can go on."""

from __future__ import annotations

import json
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from gwae_core.config import RunConfig
from gwae_core.run_evaluation import evaluate_run
from gwae_core.runs import run
from gwae_core.yaml import apply_overrides, parse_yaml

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "docs" / "examples"
RESULTS = ROOT / "benchmarks" / "results"
TIMES = ("seconds", "training_seconds", "training_cpu")
"""Values that are another in each run."""


@dataclass(frozen=True)
class Cell:
    """One training run of a study.

    Attributes:
        labels: What the study calls it, such as data, model and seed.
        config: The run configuration, as a mapping.
        part: Part of the data that it is evaluated on.
    """

    labels: Mapping[str, Any]
    config: Mapping[str, Any]
    part: str = "test"

    @property
    def key(self) -> str:
        """Equal for equal cells."""
        return json.dumps([dict(self.labels), dict(self.config), self.part], sort_keys=True)


def example(name: str, *overrides: str) -> dict[str, Any]:
    """Configuration of an example of the documentation, with overrides."""
    text = (EXAMPLES / f"{name}.yaml").read_text(encoding="utf-8")
    return apply_overrides(parse_yaml(text, source=name), overrides)


def train_cell(cell: Cell) -> dict[str, Any]:
    """Train and evaluate one cell; a failure is a result too.

    Besides the metrics: ``seconds``, ``training_seconds`` and ``training_cpu``, the processor time
    of training, and ``max_posterior_scale`` over logged steps.
    """
    import torch

    torch.set_num_threads(1)
    records: list[Mapping[str, Any]] = []
    clock: dict[str, float] = {}

    def observe(record: Mapping[str, Any]) -> None:
        records.append(record)
        clock.setdefault("first", time.process_time())
        if record["event"] == "end":
            clock["end"] = time.process_time()

    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        config = RunConfig.from_mapping(cell.config)
        try:
            metrics = run(config, out=out, observe=observe, report=False).metrics
            if cell.part != "test":
                metrics = evaluate_run(out, part="validation")
        except Exception as error:  # a study goes on, and its table shows what failed
            return {"error": f"{type(error).__name__}: {error}"}
    observed = [r["observed"] for r in records if r["event"] == "train"]
    return {
        **metrics,
        "seconds": time.perf_counter() - began,
        "training_seconds": next(r["seconds"] for r in records if r["event"] == "end"),
        "training_cpu": clock["end"] - clock["first"],
        "max_posterior_scale": max(o.get("posterior_scale", 0.0) for o in observed),
        "active_units": observed[-1].get("active_units", float("nan")),
        "log_variance": observed[-1].get("log_variance", float("nan")),
    }


def pace(cell: Cell) -> dict[str, Any]:
    """Processor time of a training step in milliseconds, one thread, over a whole run.

    With what a run does once, such as fitting a prior: that belongs to the price of a model.
    """
    import torch

    torch.set_num_threads(1)
    config = RunConfig.from_mapping({**cell.config, "metrics": []})
    began = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        run(config, out=Path(folder) / "run", report=False)
    return {"milliseconds": 1e3 * (time.process_time() - began) / config.training.steps}


class Cells(Protocol):
    """`run_cells` with its file and its processes."""

    def __call__(
        self, cells: Iterable[Cell], *, work: Callable[[Cell], dict[str, Any]] = train_cell
    ) -> list[dict[str, Any]]:
        """The results of cells, in order."""


def equal_time(cells: Cells, slow: Cell, quick: Cell) -> int:
    """Steps, in hundreds, in which the quick model takes the processor time of the slow one.

    Args:
        cells: Measures both, by `pace`.
        slow: A model, whose steps are the fewest that the quick one gets.
        quick: Another.
    """
    of_slow, of_quick = (
        entry["values"]["milliseconds"] for entry in cells((slow, quick), work=pace)
    )
    steps: int = slow.config["training"]["steps"]
    return max(int(round(steps * of_slow / of_quick, -2)), steps)


def run_cells(
    cells: Iterable[Cell],
    path: Path,
    *,
    jobs: int,
    work: Callable[[Cell], dict[str, Any]] = train_cell,
) -> list[dict[str, Any]]:
    """Train the cells that a results file lacks; return the results of all, in order.

    Args:
        cells: The cells.
        path: JSON lines; a line is added as soon as a cell is done.
        jobs: Processes, one thread each.
        work: Trains a cell and returns its values.
    """
    cells = list(cells)
    path.parent.mkdir(parents=True, exist_ok=True)
    known: dict[str, dict[str, Any]] = {}
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)
            known[entry["key"]] = entry
    missing = [cell for cell in cells if cell.key not in known]
    os.environ["OMP_NUM_THREADS"] = "1"
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        futures = {pool.submit(work, cell): cell for cell in missing}
        for done, future in enumerate(as_completed(futures), 1):
            cell = futures[future]
            entry = {"key": cell.key, **cell.labels, "part": cell.part, "values": future.result()}
            known[cell.key] = entry
            with path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(entry) + "\n")
            print(f"[{done}/{len(missing)}] {dict(cell.labels)}", flush=True)
    return [known[cell.key] for cell in cells]


def check_cells(path: Path, count: int, chooser: random.Random, *, jobs: int) -> list[str]:
    """Train some finished cells again; the names of those whose numbers are not exactly equal."""
    entries = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    entries = [e for e in entries if "milliseconds" not in e["values"]]
    chosen = chooser.sample(entries, min(count, len(entries)))
    with tempfile.TemporaryDirectory() as folder:
        again = run_cells(
            (Cell(*json.loads(entry["key"])) for entry in chosen),
            Path(folder) / "cells.jsonl",
            jobs=jobs,
        )
    differing = []
    for before, after in zip(chosen, again, strict=True):
        values = before["values"], after["values"]
        names = [
            name
            for name in values[0]
            if name not in TIMES and values[0][name] != values[1].get(name)
        ]
        print(f"{before['key'][:100]}: {len(names)} of {len(values[0])} numbers differ", flush=True)
        if names:
            differing.append(f"{before['key'][:200]} in {', '.join(names)}")
    return differing


def summary(values: Iterable[float | None], digits: int = 3) -> str:
    """Mean, standard error and range over seeds; a dash where a seed has no value."""
    found = list(values)
    if not found or any(value is None for value in found):
        return "-"
    numbers = [value for value in found if value is not None]
    mean, error = mean_and_error(numbers)
    ends = f"{min(numbers):.{digits}f} to {max(numbers):.{digits}f}"
    return f"{mean:.{digits}f} ± {error:.{digits}f} ({ends})"


def mean_and_error(values: Iterable[float]) -> tuple[float, float]:
    """Mean and standard error over seeds."""
    array = np.asarray(list(values), dtype=float)
    error = array.std(ddof=1) / np.sqrt(len(array)) if len(array) > 1 else float("nan")
    return float(array.mean()), float(error)

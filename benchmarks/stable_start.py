"""Stable start: priors and divergences one at a time around the default, 500 steps each.

    python benchmarks/stable_start.py --jobs 2

For each: the largest root mean square of the codes over all logged steps (every fifth), the fewest
active units at the end, and the least explained variance, over five seeds.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from cells import RESULTS, Cell, example, run_cells

SEEDS = (0, 1, 2, 3, 4)
STEPS = 500
PAIRS = (
    ("gaussian-mixture", "sinkhorn"),
    ("neural", "sinkhorn"),
    ("factorized-neural", "sinkhorn"),
    ("gaussian-mixture", "critic"),
    ("gaussian-mixture", "mmd"),
    ("gaussian-mixture", "sliced-wasserstein"),
)


def config(data: str, prior: str, divergence: str, seed: int) -> dict[str, Any]:
    """The example of a data set with another prior and divergence."""
    values = example(
        data,
        f"objective.divergence={divergence}",
        f"training.steps={STEPS}",
        "training.log_every=5",
        f"seed={seed}",
    )
    return {**values, "prior": prior}


def train_only(cell: Cell) -> dict[str, Any]:
    """Train a cell without evaluation; a failure is a result too."""
    import torch

    from gwae_core.build import build_objective
    from gwae_core.config import RunConfig
    from gwae_core.context import BuildContext
    from gwae_core.engine import TensorBatches, train
    from gwae_core.errors import GWAEError
    from gwae_core.splits import split

    torch.set_num_threads(1)
    run = RunConfig.from_mapping(cell.config)
    x = torch.from_numpy(split(run.data.build().load(), run.split, seed=run.seed).train.x)
    objective = build_objective(run, BuildContext.for_data(x, run.latent_dim))
    batches = TensorBatches(x, batch_size=run.training.batch_size, seed=run.seed)
    observed: list[Mapping[str, float]] = []
    warnings: list[str] = []
    error = ""
    try:
        for record in train(objective, batches, run.training, seed=run.seed):
            if record["event"] == "train":
                observed.append(record["observed"])
            if record["event"] == "warning":
                warnings.append(record["message"])
    except GWAEError as failure:
        error = failure.message
    return {
        "error": error,
        "warnings": warnings,
        "max_posterior_scale": max(values["posterior_scale"] for values in observed),
        "active_units": min(values["active_units"] for values in observed[-3:]),
        "explained_variance": observed[-1]["explained_variance"],
    }


def main() -> None:
    """Run all cells, write the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", nargs="+", default=["digits", "mnist5k"])
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    lines = [
        "| data | prior | divergence | largest posterior scale | fewest active units of 16 "
        "| least explained variance | stopped | warned |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for data in arguments.data:
        entries = run_cells(
            (
                Cell(
                    {"data": data, "prior": prior, "divergence": divergence, "seed": seed},
                    config(data, prior, divergence, seed),
                    part="none",
                )
                for prior, divergence in PAIRS
                for seed in SEEDS
            ),
            RESULTS / "stable_start.jsonl",
            jobs=arguments.jobs,
            work=train_only,
        )
        for prior, divergence in PAIRS:
            values = [
                entry["values"]
                for entry in entries
                if (entry["prior"], entry["divergence"]) == (prior, divergence)
            ]
            cells = (
                f"{max(value['max_posterior_scale'] for value in values):.2f}",
                f"{min(value['active_units'] for value in values):.0f}",
                f"{min(value['explained_variance'] for value in values):.2f}",
                f"{sum(bool(value['error']) for value in values)} of {len(values)}",
                f"{sum(bool(value['warnings']) for value in values)} of {len(values)}",
            )
            lines.append(f"| {data} | {prior} | {divergence} | " + " | ".join(cells) + " |")
    table = "\n".join([*lines, ""])
    (RESULTS / "stable_start.md").write_text(table, encoding="utf-8")
    print(table)


if __name__ == "__main__":
    main()

"""Clustering on digits and mnist5k: the GWAE, the same without its GW term, and VAE + mixture.

    python benchmarks/clustering.py --jobs 2

Protocol, fixed before the runs: split 70 / 10 / 20 % by seed, five seeds, the mixture prior's own
responsibilities as clusters of the GWAE, a full-covariance Gaussian mixture fitted on training
codes (as many starts, the same ridge) as clusters of the VAE; same networks, latent size and steps.
The VAE's beta, and whether its codes are standardised before the fit, are chosen from a grid on the
validation parts of other seeds. Every number of the table is from test parts.
"""

from __future__ import annotations

import argparse
from typing import Any

from cells import RESULTS, Cell, example, mean_and_error, run_cells

SEEDS = (0, 1, 2, 3, 4)
TUNING_SEEDS = (100, 101, 102)
BETAS = (0.01, 0.02, 0.05, 0.1, 0.2)
PRIOR = "clustering.prior"
MIXTURES = ("clustering.gaussian-mixture", "clustering.gaussian-mixture-raw")
GWAE, NO_GW, VAE = "GWAE", "GWAE, GW weight 0", "VAE + mixture"


def vae(data: str, beta: float) -> dict[str, Any]:
    """The example's networks, latent size and steps, trained as a VAE."""
    config = example(data, "prior=normal")
    objective = {"type": "vae", "beta": beta}
    return {**config, "objective": objective, "metrics": ["clustering", "geometry"]}


def cells_of(data: str, seeds: tuple[int, ...], beta: float) -> list[Cell]:
    """The three models on the final seeds."""
    models = {
        GWAE: example(data),
        NO_GW: example(data, "objective.weights.gw=0"),
        VAE: vae(data, beta),
    }
    return [
        Cell({"data": data, "model": model, "seed": seed}, {**config, "seed": seed})
        for model, config in models.items()
        for seed in seeds
    ]


def main() -> None:
    """Tune beta, run all cells, write the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", nargs="+", default=["digits", "mnist5k"])
    parser.add_argument("--seeds", nargs="+", type=int, default=list(SEEDS))
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    seeds = tuple(arguments.seeds)
    lines = [
        "| data | model | accuracy | NMI | lowest to highest accuracy | Spearman, geodesic "
        "| Spearman, pixels | seconds of training |",
        "|---|---|---|---|---|---|---|---|",
    ]
    notes = []
    path = RESULTS / "clustering.jsonl"
    for data in arguments.data:
        tuned = run_cells(
            (
                Cell(
                    {"data": data, "model": VAE, "beta": beta, "seed": seed},
                    {**vae(data, beta), "seed": seed},
                    part="validation",
                )
                for beta in BETAS
                for seed in TUNING_SEEDS
            ),
            path,
            jobs=arguments.jobs,
        )
        score = {
            (beta, mixture): mean_and_error(
                entry["values"][f"{mixture}.accuracy"] for entry in tuned if entry["beta"] == beta
            )[0]
            for beta in BETAS
            for mixture in MIXTURES
        }
        beta, best_mixture = max(score, key=lambda choice: score[choice])
        entries = run_cells(cells_of(data, seeds, beta), path, jobs=arguments.jobs)
        accuracy: dict[str, list[float]] = {}
        for model, clusters in ((GWAE, PRIOR), (NO_GW, PRIOR), (VAE, best_mixture)):
            values = [entry["values"] for entry in entries if entry["model"] == model]
            accuracy[model] = [value[f"{clusters}.accuracy"] for value in values]
            columns = (
                f"{clusters}.accuracy",
                f"{clusters}.nmi",
                "geometry.geodesic.spearman",
                "geometry.euclidean.spearman",
                "training_seconds",
            )
            shown = [
                "{:.3f} ± {:.3f}".format(*mean_and_error(value[column] for value in values))
                if all(column in value for value in values)
                else "-"
                for column in columns
            ]
            shown[-1] = f"{mean_and_error(value['training_seconds'] for value in values)[0]:.0f}"
            spread = f"{min(accuracy[model]):.3f} to {max(accuracy[model]):.3f}"
            kind = "as they are" if best_mixture.endswith("raw") else "standardised"
            name = f"{model} (beta {beta:g}, codes {kind})" if model == VAE else model
            lines.append(
                f"| {data} | {name} | " + " | ".join([*shown[:2], spread, *shown[2:]]) + " |"
            )
        pixels = mean_and_error(
            entry["values"]["clustering.pixel-kmeans.accuracy"]
            for entry in entries
            if entry["model"] == GWAE
        )
        lines.append(
            "| {} | k-means on raw pixels | {:.3f} ± {:.3f} | | | | | |".format(data, *pixels)
        )
        for other in (NO_GW, VAE):
            differences = [a - b for a, b in zip(accuracy[GWAE], accuracy[other], strict=True)]
            mean, error = mean_and_error(differences)
            notes.append(
                f"- {data}: GWAE against {other}, paired over seeds: {mean:+.3f} ± {error:.3f} "
                f"({mean / error:.1f} standard errors)"
            )
        notes.append(
            f"- {data}: accuracy of VAE + mixture on validation parts by beta, codes standardised "
            "/ as they are: "
            + ", ".join(
                f"{value:g}: " + " / ".join(f"{score[value, m]:.3f}" for m in MIXTURES)
                for value in BETAS
            )
        )
    table = "\n".join([*lines, "", *notes, ""])
    (RESULTS / "clustering.md").write_text(table, encoding="utf-8")
    print(table)


if __name__ == "__main__":
    main()

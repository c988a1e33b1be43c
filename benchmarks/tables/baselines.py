"""The GWAE beside the baselines of gwae-baselines: same networks, optimiser, batches and steps.

Protocol, fixed before the runs: each baseline is its example in docs/examples/baselines, set on
digits by its authors' values where these train and by seed 0 where not, and taken to the other data
unchanged; a GWAE of three priors has one set of defaults a data set, that of the example digits or
mnist5k, and on dSprites the defaults of the objective. Sprites are black and white: there every
model with a likelihood takes Bernoulli's, and mixtures have a component for each of the three
shapes. Three seeds, test parts. Clusters are those of k-means and of a Gaussian mixture on codes,
and the prior's own where it is a mixture.
"""

from __future__ import annotations

from typing import Any

from cells import Cell, Cells, example, summary
from tables.detection import OUTSIDE
from tables.disentanglement import run_config

SEEDS = (0, 1, 2)
DIGITS = (
    *("ae", "rae", "vae", "beta-vae", "beta-tcvae", "factor-vae", "dip-vae", "info-vae"),
    *("sigma-vae", "geco", "vamp-vae", "two-stage-vae", "ladder-vae", "vlae", "vade", "dagmm"),
    *("wae-mmd", "wae-gan", "swae", "sinkhorn-ae", "avb", "ali", "vae-gan"),
    *("gromov-monge-vae", "isometric-ae"),
)
FEW = ("vae", "beta-tcvae", "factor-vae", "wae-mmd", "vade")
PRIORS = {"NP": "neural", "FNP": "factorized-neural", "GMP": "gaussian-mixture"}
COMMON = {
    "relative squared error": "reconstruction.relative_mse",
    "FID (random convolutions)": "generation.random-convolutions.fid",
    "Spearman, pixels": "geometry.euclidean.spearman",
}
CLUSTERS = {
    "k-means": "clustering.kmeans.accuracy",
    "mixture": "clustering.gaussian-mixture.accuracy",
    "prior": "clustering.prior.accuracy",
}
FACTORS = {"DCI D": "dci.forest.disentanglement", "MIG": "mig.score"}
OUTLIERS = {"AUROC, neighbours": "ood.neighbors.auroc"}
COLUMNS = {
    "digits": COMMON | CLUSTERS,
    "mnist5k": COMMON | CLUSTERS | OUTLIERS,
    "dsprites": COMMON | FACTORS,
}
METRICS: dict[str, list[Any]] = {
    "digits": ["reconstruction", "clustering", "geometry", "generation"],
    "mnist5k": [
        *("reconstruction", "clustering", "geometry", "generation"),
        {"type": "ood", "data": OUTSIDE, "points": 1000},
    ],
    "dsprites": ["reconstruction", "geometry", "generation", "dci", "mig"],
}
STEPS = {"digits": 2000, "mnist5k": 2500, "dsprites": 2000}


def models(data: str) -> dict[str, dict[str, Any]]:
    """Configurations by the name in the table."""
    changed = {"training": {"steps": STEPS[data], "batch_size": 128}, "metrics": METRICS[data]}
    if data == "dsprites":
        gwae = run_config("normal", {"type": "gwae"})
        changed |= {key: gwae[key] for key in ("latent_dim", "data")}
    else:
        gwae = example(data)
        changed |= {"data": data}
    found = {f"GWAE, {name}": {**gwae, "prior": prior, **changed} for name, prior in PRIORS.items()}
    mixture = {"type": "gaussian-mixture", "num_components": 3 if data == "dsprites" else 10}
    found["GWAE, GMP"]["prior"] = mixture
    for name in DIGITS if data == "digits" else FEW:
        found[name] = {**example(f"baselines/{name}"), **changed}
    if data == "dsprites":
        for config in found.values():
            if config.get("reconstruction") == "gaussian":
                config["reconstruction"] = "bernoulli"
        found["vade"]["prior"] = mixture
    return found


def table(cells: Cells, data: str) -> str:
    """Train every model on every seed; one that fails is named with its error."""
    columns = COLUMNS[data]
    lines = [
        f"| model | {' | '.join(columns)} | ms a step |",
        "|---" * (len(columns) + 2) + "|",
    ]
    failed = []
    for name, config in models(data).items():
        entries = cells(
            Cell({"data": data, "model": name, "seed": seed}, {**config, "seed": seed})
            for seed in SEEDS
        )
        values = [entry["values"] for entry in entries if "error" not in entry["values"]]
        failed += [
            f"- {name}, seed {entry['seed']}: {entry['values']['error']}"
            for entry in entries
            if "error" in entry["values"]
        ]
        shown = [summary(value.get(column) for value in values) for column in columns.values()]
        # with what a model does once, such as fitting a prior
        steps = STEPS[data]
        shown.append(summary((1e3 * value["training_cpu"] / steps for value in values), 1))
        lines.append(f"| {name} | {' | '.join(shown)} |")
    return "\n".join([*lines, "", *failed])

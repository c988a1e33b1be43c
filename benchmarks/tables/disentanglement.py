"""Disentanglement on rendered dSprites at 32x32: does a factorised prior find the factors?

Protocol, fixed before the final runs: 20,000 pictures of the grid drawn by a fixed seed, split
70 / 10 / 20 % by the run's seed, 10 latent dimensions, networks, batches and 2,000 steps equal for
all models, three seeds. Of three settings of the GWAE's weights one is chosen with the factorised
prior, and the VAE's beta from as many, by the disentanglement (DCI, forest) on the validation parts
of two other seeds; the other priors take the same setting. Beside equal steps, the VAE of equal
training time. Scores are from test parts; 0.003 is what noise scores for D.
"""

from __future__ import annotations

from typing import Any

from cells import Cell, Cells, equal_time, mean_and_error, summary

SEEDS = (0, 1, 2)
TUNING_SEEDS = (100, 101)
STEPS = 2000
BETAS = (1.0, 4.0, 8.0)
SCORE = "dci.forest.disentanglement"
SETTINGS: dict[str, dict[str, Any]] = {
    "the defaults": {},
    "entropy 0.1, divergence 1": {"weights": {"entropy": 0.1, "divergence": 1}},
    "entropy 1, divergence 5, gw 0.3, a scale a coordinate": {
        "weights": {"entropy": 1, "divergence": 5, "gw": 0.3},
        "scale_per_coordinate": True,
    },
}
FNP, NP, NORMAL = "GWAE, factorised neural", "GWAE, neural", "GWAE, normal"
NO_GW, VAE, EQUAL_TIME = "GWAE, factorised neural, GW weight 0", "VAE", "VAE, equal time"
PRIORS = {FNP: "factorized-neural", NP: "neural", NORMAL: "normal", NO_GW: "factorized-neural"}
COLUMNS = {
    "DCI D": SCORE,
    "DCI C": "dci.forest.completeness",
    "MIG": "mig.score",
    "relative squared error": "reconstruction.relative_mse",
}


def run_config(prior: str, objective: dict[str, Any], steps: int = STEPS) -> dict[str, Any]:
    """A run; only prior, objective and steps differ between models."""
    return {
        "latent_dim": 10,
        "data": {"type": "dsprites", "size": 32, "limit": 20_000},
        "encoder": {"type": "mlp", "hidden": [256, 256]},
        "decoder": {"type": "mlp", "hidden": [256, 256]},
        "prior": prior,
        "reconstruction": "bernoulli",
        "objective": objective,
        "training": {"steps": steps, "batch_size": 128},
        "metrics": ["dci", "mig", "reconstruction"],
    }


def gwae(model: str, setting: str) -> dict[str, Any]:
    """A GWAE of a prior."""
    objective = {"type": "gwae", **SETTINGS[setting]}
    if model == NO_GW:
        objective["weights"] = {**objective.get("weights", {}), "gw": 0}
    return run_config(PRIORS[model], objective)


def vae(beta: float, steps: int = STEPS) -> dict[str, Any]:
    """A beta-VAE."""
    return run_config("normal", {"type": "vae", "beta": beta}, steps)


def tuned(cells: Cells, name: str, choices: dict[Any, dict[str, Any]]) -> tuple[Any, str]:
    """The choice of the best validation score, and what the grid found."""
    score = {}
    for choice, config in choices.items():
        entries = cells(
            Cell(
                {"model": name, "choice": choice, "seed": seed},
                {**config, "seed": seed},
                part="validation",
            )
            for seed in TUNING_SEEDS
        )
        score[choice] = mean_and_error(entry["values"][SCORE] for entry in entries)[0]
    grid = "; ".join(f"{choice}: {value:.3f}" for choice, value in score.items())
    return max(score, key=lambda choice: score[choice]), f"- {name}, D on validation parts: {grid}"


def compared(
    cells: Cells, models: dict[str, dict[str, Any]], seeds: tuple[int, ...], labels: dict[str, str]
) -> tuple[list[str], dict[str, list[float]]]:
    """Train all models on all seeds: the lines of a table, and D by model."""
    lines = [
        f"| model | {' | '.join(COLUMNS)} | seconds of training |",
        "|---" * (len(COLUMNS) + 2) + "|",
    ]
    found: dict[str, list[float]] = {}
    for name, config in models.items():
        entries = cells(
            Cell({"model": name, "seed": seed}, {**config, "seed": seed}) for seed in seeds
        )
        values = [entry["values"] for entry in entries]
        found[name] = [value[SCORE] for value in values]
        shown = [summary(value.get(column) for value in values) for column in COLUMNS.values()]
        shown.append(summary((value["training_cpu"] for value in values), 0))
        lines.append(f"| {labels.get(name, name)} | {' | '.join(shown)} |")
    return lines, found


def less(found: dict[str, list[float]], one: str, other: str) -> str:
    """A sentence on the difference of two models."""
    differences = [a - b for a, b in zip(found[one], found[other], strict=True)]
    mean, error = mean_and_error(differences)
    return f"- D of {one} less {other}, paired over seeds: {mean:+.3f} ± {error:.3f}"


def table(cells: Cells) -> str:
    """Tune, train, compare."""
    setting, of_gwae = tuned(cells, FNP, {name: gwae(FNP, name) for name in SETTINGS})
    beta, of_vae = tuned(cells, VAE, {value: vae(value) for value in BETAS})
    models = {name: gwae(name, setting) for name in PRIORS} | {VAE: vae(beta)}
    slow, quick = (Cell({"model": name, "pace": 0}, models[name]) for name in (FNP, VAE))
    longer = equal_time(cells, slow, quick)
    models[EQUAL_TIME] = vae(beta, longer)
    labels = {VAE: f"{VAE} (beta {beta:g})", EQUAL_TIME: f"{EQUAL_TIME} ({longer} steps)"}
    lines, found = compared(cells, models, SEEDS, labels)
    notes = [of_gwae, of_vae, f"- chosen for every GWAE: {setting}"]
    notes += [less(found, FNP, other) for other in (NP, NORMAL, NO_GW, VAE, EQUAL_TIME)]
    return "\n".join([*lines, "", *notes])

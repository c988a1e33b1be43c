"""Every disentanglement score of four codes of known quality.

    python benchmarks/four_codes.py

The codes and factors of `benchmarks/dci.py`: 2,000 training and 1,000 test points. Scores that
draw at random are means over five seeds.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import mean

from dci import CASES, RESULTS, case

from gwae_core.evaluation import (
    beta_vae_score,
    dci_scores,
    explicitness_score,
    factor_vae_score,
    irs_score,
    mean_mutual_information,
    mig_score,
    modularity_score,
    sap_continuous,
    sap_svc,
    total_correlation,
)

SEEDS = range(5)
SCORES: dict[str, Callable[..., float]] = {
    "DCI disentanglement, forest": lambda *a: mean(
        dci_scores(*a, seed=seed, variant="forest").disentanglement for seed in SEEDS
    ),
    "DCI completeness, forest": lambda *a: mean(
        dci_scores(*a, seed=seed, variant="forest").completeness for seed in SEEDS
    ),
    "MIG": lambda z, y, *_: mig_score(z, y).score,
    "SAP, discrete": lambda *a: sap_svc(*a).score,
    "SAP, continuous": lambda z, y, *_: sap_continuous(z, y).score,
    "IRS": lambda z, y, *_: irs_score(z, y).score,
    "modularity": lambda z, y, *_: modularity_score(z, y).score,
    "explicitness": lambda *a: explicitness_score(*a).test,
    "FactorVAE score": lambda *a: mean(factor_vae_score(*a, seed=seed).test for seed in SEEDS),
    "beta-VAE score": lambda *a: mean(beta_vae_score(*a, seed=seed).test for seed in SEEDS),
    "total correlation (nats)": lambda z, *_: total_correlation(z),
    "mutual information of codes (nats)": lambda z, *_: mean_mutual_information(z),
}


def main() -> None:
    """Compute all scores and write the table."""
    lines = [
        "| score | " + " | ".join(f"`{name}`" for name in CASES) + " |",
        "|---|" + "---|" * len(CASES),
    ]
    arrays = {name: case(name) for name in CASES}
    for name, score in SCORES.items():
        values = " | ".join(f"{score(*given):.2f}" for given in arrays.values())
        lines.append(f"| {name} | {values} |")
        print(lines[-1], flush=True)
    (RESULTS / "four_codes.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

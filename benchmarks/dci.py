"""DCI by gradient boosting and by the forest: scores and times on four codes of known quality.

    python benchmarks/dci.py

Both variants get the same 2,000 training and 1,000 test points of five factors, on one thread of
one process, one after the other. Of the forest the medians over its seeds stand in the table; the
largest difference and the least ratio of times are those of its worst seed.
"""

from __future__ import annotations

import argparse
import runpy
import time
from pathlib import Path
from statistics import median

import numpy as np

from gwae_core.evaluation.dci import DCI, Variant, dci_scores

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
ORACLE = runpy.run_path(str(ROOT / "tests" / "data" / "oracle" / "codes.py"))
CASES, case = ORACLE["CASES"], ORACLE["case"]


def timed(name: str, variant: Variant, seed: int) -> tuple[DCI, float]:
    """The scores and the processor time."""
    began = time.process_time()
    found = dci_scores(*case(name), seed=seed, variant=variant)
    return found, time.process_time() - began


def main() -> None:
    """Measure all four codes and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=10, help="Seeds of the forest.")
    seeds = range(parser.parse_args().seeds)
    timed("aligned", "forest", 0)  # imports are not timed
    lines = [
        "| code | D, gbt | D, forest | C, gbt | C, forest | largest difference | accuracy, gbt "
        "| accuracy, forest | gbt (s) | forest (s) | ratio of times, least |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    farthest, least = 0.0, float("inf")
    ranks: list[list[float]] = [[] for _ in seeds]
    boosted: list[float] = []
    for name, what in CASES.items():
        gbt, slow = timed(name, "gbt", 0)
        forests = [timed(name, "forest", seed) for seed in seeds]
        scores = [(f.disentanglement, f.completeness, f.informativeness) for f, _ in forests]
        d, c, accuracy = np.median(scores, axis=0)
        reference = (gbt.disentanglement, gbt.completeness)
        difference = max(
            abs(a - b) for score in scores for a, b in zip(score[:2], reference, strict=True)
        )
        quick = [seconds for _, seconds in forests]
        farthest, least = max(farthest, difference), min(least, slow / max(quick))
        boosted.append(gbt.disentanglement)
        for seed, score in enumerate(scores):
            ranks[seed].append(score[0])
        lines.append(
            f"| `{name}`: {what} | {gbt.disentanglement:.3f} | {d:.3f} | {gbt.completeness:.3f} "
            f"| {c:.3f} | {difference:.3f} | {gbt.informativeness:.3f} | {accuracy:.3f} "
            f"| {slow:.1f} | {median(quick):.2f} | {slow / max(quick):.0f} |"
        )
        print(lines[-1], flush=True)
    order = np.argsort(boosted).tolist()
    orders = {np.argsort(rank).tolist() == order for rank in ranks}
    lines += [
        "",
        f"- Over {len(seeds)} seeds of the forest the largest difference in D or C is "
        f"{farthest:.3f}, and the least ratio of times {least:.0f}.",
        "- The four codes are "
        + ("in the same order with every seed." if orders == {True} else "NOT in the same order."),
    ]
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "dci.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines[-2:]))


if __name__ == "__main__":
    main()

"""The study: which representation which model learns, a table each, from cells that are kept.

    python benchmarks/study.py clustering --jobs 2
    python benchmarks/study.py clustering --check 1   # train one cell again and compare exactly

A cell is one training run, model x data x seed. Its numbers are appended to
benchmarks/results/TABLE.jsonl as soon as it is done, so that an interrupted study goes on, and the
table TABLE.md is written from them. The protocol of a table stands in its module in
benchmarks/tables; every choice is made on validation parts of other seeds than those reported.
"""

from __future__ import annotations

import argparse
import random
import sys
from functools import partial
from importlib import import_module, metadata

from cells import RESULTS, check_cells, run_cells

TABLES = {
    "clustering": ("clustering",),
    "disentanglement": ("disentanglement",),
    "disentanglement-search": ("disentanglement_search",),
    "disentanglement-solved": ("disentanglement_solved",),
    "detection": ("detection",),
    "estimators": ("estimators",),
    "baselines-digits": ("baselines", "digits"),
    "baselines-mnist5k": ("baselines", "mnist5k"),
    "baselines-dsprites": ("baselines", "dsprites"),
}
"""Name of a table -> its module in benchmarks/tables, and what that is told."""


def main() -> None:
    """Train every cell that has no result yet, and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("tables", nargs="+", choices=list(TABLES))
    parser.add_argument("--jobs", type=int, default=2, help="processes, one thread each")
    parser.add_argument(
        "--check", type=int, metavar="N", help="train N finished cells again instead, at random"
    )
    parser.add_argument("--check-seed", type=int, default=0, help="seed of that choice")
    arguments = parser.parse_args()
    for name in arguments.tables:
        path = RESULTS / f"{name}.jsonl"
        if arguments.check is not None:
            chooser = random.Random(arguments.check_seed)
            if differing := check_cells(path, arguments.check, chooser, jobs=arguments.jobs):
                sys.exit(f"{len(differing)} cells differ: " + "; ".join(differing))
            continue
        module, *told = TABLES[name]
        make = import_module(f"tables.{module}").table
        text = make(partial(run_cells, path=path, jobs=arguments.jobs), *told)
        text = f"{text.rstrip()}\n\n{_made_by(name)}\n"
        (RESULTS / f"{name}.md").write_text(text, encoding="utf-8")
        print(text)


def _made_by(name: str) -> str:
    packages = ("gwae-core", "torch", "numpy", "scikit-learn")
    versions = ", ".join(f"{package} {metadata.version(package)}" for package in packages)
    python = ".".join(map(str, sys.version_info[:3]))
    return f"*`python benchmarks/study.py {name}`, Python {python}, {versions}.*"


if __name__ == "__main__":
    main()

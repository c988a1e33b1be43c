"""How fast and in how much memory rendered data sets are drawn.

    python benchmarks/rendering.py

Each cell is a process of its own with one thread: batches of 64 random rows of the whole grid a
second of processor time, the best of three rounds of two seconds, and the growth of its resident
memory from the data set to there. The first pictures of 3D Shapes cast rays, 480 times in all;
they are counted apart.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

RESULTS = Path(__file__).parent / "results" / "rendering.md"
CELLS = [("dsprites", 64), ("dsprites", 32), ("shapes3d", 64), ("shapes3d", 32)]
BATCH, ROUNDS, SECONDS = 64, 3, 2.0


def measure(name: str, size: int) -> tuple[float, float, float]:
    """Images a second, seconds until everything is prepared, MiB of memory."""
    import numpy as np

    from gwae_core.builtin.datasets import DSprites, Shapes3D

    kind = {"dsprites": DSprites, "shapes3d": Shapes3D}[name]
    before = peak()
    x = kind(kind.Config.model_validate({"size": size})).load().x
    rng = np.random.default_rng(0)
    began = time.process_time()
    # every scene once: the last three factors
    scenes = np.arange(480) if name == "shapes3d" else np.arange(1)
    for start in range(0, len(scenes), BATCH):
        x[scenes[start : start + BATCH]]
    prepared = time.process_time() - began
    best = 0.0
    for _ in range(ROUNDS):
        drawn, began = 0, time.process_time()
        while time.process_time() - began < SECONDS:
            x[rng.integers(0, len(x), BATCH)]
            drawn += BATCH
        best = max(best, drawn / (time.process_time() - began))
    return best, prepared, peak() - before


def peak() -> float:
    """Peak resident memory in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--cell", nargs=2, metavar=("NAME", "SIZE"), help="measure one and print it"
    )
    cell = parser.parse_args().cell
    if cell:
        print(*measure(cell[0], int(cell[1])))
        return
    lines = [
        "| data set | images a second | prepared in, s | memory, MiB |",
        "|---|---:|---:|---:|",
    ]
    for name, size in CELLS:
        command = [sys.executable, __file__, "--cell", name, str(size)]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        speed, prepared, memory = map(float, done.stdout.split())
        shape = f"{size}x{size}" + ("x3" if name == "shapes3d" else "")
        lines.append(f"| `{name}`, {shape} | {speed:,.0f} | {prepared:.1f} | {memory:.0f} |")
    RESULTS.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()

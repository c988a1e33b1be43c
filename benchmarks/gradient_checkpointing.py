"""Does gradient checkpointing help? Memory and time of a step, with and without it.

    python benchmarks/gradient_checkpointing.py

Encoder and decoder keep their inputs alone and compute their layers again in the backward pass.
Each cell is a process of its own: its peak resident memory less that of one which only built the
model, and the median processor time of a step (critic and model), one thread.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results" / "gradient_checkpointing.md"
SIZES = {
    "digits, batch 128": ("digits", 128),
    "64x64x3, batch 64": ("gwae-64", 64),
    "64x64x3, batch 256": ("gwae-64", 256),
}
STEPS = 5


def measure(example: str, batch: int, mode: str) -> tuple[float, float]:
    """Peak memory in MiB and median processor seconds of a step.

    The mode is built, plain or checkpointed.
    """
    import numpy as np
    import torch
    from torch.utils.checkpoint import checkpoint

    from gwae_core import RunConfig
    from gwae_core.build import build_objective
    from gwae_core.context import BuildContext
    from gwae_core.engine import TensorBatches, train

    torch.set_num_threads(1)
    path = Path(__file__).parents[1] / "docs" / "examples" / f"{example}.yaml"
    overrides = [f"training.steps={STEPS}", f"training.batch_size={batch}"]
    overrides += ["objective.data_metric=ground", "objective.representation_share=0"]
    overrides += [f"training.log_every={STEPS}"]
    config = RunConfig.from_file(path, overrides=tuple(overrides))
    shape = (3, 64, 64) if example == "gwae-64" else (64,)
    x = np.random.default_rng(0).uniform(size=(max(batch, 300), *shape)).astype(np.float32)
    context = BuildContext.for_data(torch.from_numpy(x), config.latent_dim)
    objective: Any = build_objective(config, context)
    seconds = [0.0]
    if mode == "checkpointed":
        for part in (objective.encoder, objective.decoder):
            forward = part.forward
            part.forward = lambda v, forward=forward: (
                checkpoint(forward, v, use_reentrant=False)
                if torch.is_grad_enabled()
                else forward(v)
            )
    if mode != "built":
        clock, seconds = time.process_time(), []
        batches = TensorBatches(torch.from_numpy(x), batch_size=batch)
        for record in train(objective, batches, config.training):
            if record["event"] == "progress":
                now = time.process_time()
                seconds.append(now - clock)
                clock = now
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return peak, statistics.median(seconds[1:-1] or seconds)


def main() -> None:
    """Measure every cell, write the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cell", nargs=3, help=argparse.SUPPRESS)
    cell = parser.parse_args().cell
    if cell:
        print(*measure(cell[0], int(cell[1]), cell[2]))
        return
    lines = [
        "| model | memory of a step, MiB | checkpointed | seconds a step | checkpointed |",
        "|---|---:|---:|---:|---:|",
    ]
    for name, (example, batch) in SIZES.items():
        found = {}
        for mode in ("built", "plain", "checkpointed"):
            command = [sys.executable, __file__, "--cell", example, str(batch), mode]
            out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            found[mode] = tuple(map(float, out.split()[-2:]))
        base = found["built"][0]
        memory = [found[mode][0] - base for mode in ("plain", "checkpointed")]
        time_ = [found[mode][1] for mode in ("plain", "checkpointed")]
        lines.append(
            f"| {name} | {memory[0]:.0f} | {memory[1]:.0f} | {time_[0]:.3f} | {time_[1]:.3f} |"
        )
        print(lines[-1])
    RESULTS.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

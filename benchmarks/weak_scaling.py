"""Weak scaling on paper: what a step of the published networks sends and computes on 1 to 64 GPUs.

    python benchmarks/weak_scaling.py

Counted from the real networks (docs/examples/gwae-64.yaml: 64x64x3, latent 64, critic with 5
steps), forward and backward: the bytes of every message, by a group of processes that counts them
instead of sending them, and the FLOP of convolutions and matrix products. Both are polynomials in
the global batch n and the rows a GPU has, known from a few small cases. The speeds below are
assumptions; none was measured here.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from gwae_core import RunConfig
from gwae_core.build import build_objective
from gwae_core.context import Batch, BuildContext
from gwae_core.engine.optimization import only_trains
from gwae_core.process_group import ProcessGroup
from gwae_core.sharding import shared_by

EXAMPLE = Path(__file__).parents[1] / "docs" / "examples" / "gwae-64.yaml"
RESULTS = Path(__file__).parent / "results" / "weak_scaling.md"
ROWS = 64
"""Rows of the batch for each GPU."""
GPUS = (1, 8, 16, 32, 64)
HOST = 8
"""GPUs of a host."""
CASES = ((32, 2), (64, 2), (64, 4), (128, 4))
"""Global batches and processes that are counted."""
COMPUTE = 40e12
"""FLOP/s that small convolutions and matrices reach, float32 data in TF32: a tenth of the peak."""
INSIDE, OUTSIDE = 300e9, 40e9
"""Bytes/s a GPU between GPUs of a host, and of several hosts (400 Gbit/s for each GPU)."""
COPY = 25e9
"""Bytes/s from the memory of a host to a GPU: each reads the global batch."""
LATENCY = 30e-6
"""Seconds of a message beside its bytes."""
LAUNCH = 8e-6
"""Seconds in which a process sends one operation to its GPU: small ones take no less."""


@dataclass(frozen=True)
class Counting(ProcessGroup):
    """A process that counts what it would send, and goes on with copies of its own rows."""

    counts: Counter[str] = field(default_factory=Counter)

    def gather(self, rows: Tensor, n: int) -> Tensor:
        self.counts["gathered"] += n * rows[0].numel() * rows.element_size()
        self.counts["messages"] += 1
        return rows.repeat(self.size, *[1] * (rows.ndim - 1))[:n]

    def sum(self, tensor: Tensor) -> Tensor:
        self.counts["summed"] += tensor.numel() * tensor.element_size()
        self.counts["messages"] += 1
        return tensor * self.size

    def highest(self, number: int) -> int:
        return number


class Operations(TorchDispatchMode):
    """Counts what a GPU would be sent, which are not those that only look at memory otherwise."""

    number = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.number += not func.is_view
        return func(*args, **(kwargs or {}))


def counted(n: int, size: int) -> Counter[str]:
    """Bytes, messages and FLOP of one process in a step on a global batch of n."""
    config = RunConfig.from_file(EXAMPLE)
    torch.manual_seed(0)
    x = torch.from_numpy(np.random.default_rng(0).uniform(size=(n, 3, 64, 64)).astype(np.float32))
    objective: Any = build_objective(config, BuildContext.for_data(x, config.latent_dim))
    group = Counting(0, size)
    generator = torch.Generator().manual_seed(0)
    with shared_by(group):
        objective.start_stage("joint", x, generator=generator)
        run_step(objective, x, generator)  # the first call of a network looks at it closely
        group.counts.clear()
        operations = Operations()
        with operations, FlopCounterMode(display=False) as flop:
            run_step(objective, x, generator)
    group.counts["operations"] = operations.number
    group.counts["flop"] = flop.get_total_flops()
    return group.counts


def run_step(objective: Any, x: Tensor, generator: torch.Generator) -> None:
    """Losses and gradients of every group, as often as a step has it."""
    for update in objective.groups():
        trained = [p for part in update.parameters for p in part.params if p.requires_grad]
        batch = Batch(x)  # of all steps of the group: the example has same_batch
        with only_trains(objective, trained):
            for _ in range(update.steps):
                losses = objective.losses(update.name, batch, generator=generator)
                losses.total.backward(inputs=trained)


@dataclass(frozen=True)
class Step:
    """What a GPU does in a step; times in seconds.

    Attributes:
        gathered: Bytes gathered.
        network: FLOP of networks on its own rows.
        joint: FLOP of what every GPU computes on all rows.
        compute: Time of both, or of sending their operations to the GPU, the longer.
        send: Time of messages, of which nothing is assumed to be hidden behind computation.
        read: Time to copy the global batch to the GPU.
    """

    gathered: float
    network: float
    joint: float
    compute: float
    send: float
    read: float

    @property
    def seconds(self) -> float:
        return self.compute + self.send + self.read


def model(gpus: int, found: dict[tuple[int, int], Counter[str]]) -> Step:
    """The step on a number of GPUs."""
    n = gpus * ROWS
    # FLOP(n, rows) = a + b n + c n^2 + e rows
    terms = np.array([[1, m, m * m, m / size] for m, size in CASES], dtype=np.float64)
    flop = np.array([found[case]["flop"] for case in CASES], dtype=np.float64)
    a, b, c, e = np.linalg.solve(terms, flop)
    network, joint = e * ROWS, a + b * n + c * n * n
    launched = found[CASES[-1]]["operations"] * LAUNCH
    compute = max((network + joint) / COMPUTE, launched)
    read = n * 3 * 64 * 64 * 4 / COPY
    if gpus == 1:
        return Step(0, network, joint, compute, 0, read)
    last = found[CASES[-1]]
    gathered = last["gathered"] / CASES[-1][0] * n
    share = (gpus - 1) / gpus
    speed = INSIDE if gpus <= HOST else OUTSIDE
    send = (gathered + 2 * last["summed"]) * share / speed + last["messages"] * LATENCY
    return Step(gathered, network, joint, compute, send, read)


def main() -> None:
    """Count, and write the table."""
    torch.set_num_threads(1)
    found = {case: counted(*case) for case in CASES}
    for (n, size), counts in found.items():
        print(n, size, dict(counts))
    lines = [
        "| GPUs | global batch | networks, GFLOP | joint, GFLOP | gathered, MB | compute, ms |"
        " messages, ms | reading, ms | step, ms | efficiency |",
        "|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    alone = model(1, found).seconds
    for gpus in GPUS:
        step = model(gpus, found)
        times = (step.compute, step.send, step.read, step.seconds)
        cells = [
            *(f"{gpus}", f"{gpus * ROWS}", f"{step.network / 1e9:.0f}", f"{step.joint / 1e9:.0f}"),
            f"{step.gathered / 1e6:.0f}",
            *(f"{1000 * value:.1f}" for value in times),
            f"{alone / step.seconds:.0%}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    last = found[CASES[-1]]
    lines += [
        "",
        f"Counted a step: {last['operations']} operations, {last['messages']} messages, "
        f"{last['gathered'] / CASES[-1][0] / 1e6:.2f} MB gathered a row of the global batch, "
        f"{last['summed'] / 1e6:.0f} MB of gradients summed.",
    ]
    RESULTS.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()

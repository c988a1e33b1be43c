"""Where the time of a training step goes, and what its arithmetic alone would take.

    python benchmarks/step_parts.py

The setting of benchmarks/training_step.py: one thread, processor time, 32 bits. The arithmetic is
that of convolutions and matrix products, at the rate of a product of large matrices.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode
from training_step import BATCHES, RESULTS, build, configuration, data

from gwae_core.engine import TensorBatches, train

STEPS = 3


def parts(batch: int, *, critic: bool) -> dict[str, float]:
    """Milliseconds of processor time of the parts of one step."""
    torch.set_num_threads(1)
    config = configuration(batch, critic=critic, precision="32-true", device="cpu")
    model = build(config)
    spent: dict[str, float] = {}

    @contextmanager
    def timed(name: str) -> Iterator[None]:
        began = time.process_time()
        yield
        spent[name] = spent.get(name, 0.0) + 1e3 * (time.process_time() - began)

    def wrap(owner: Any, method: str, name: str) -> None:
        whole = getattr(owner, method)

        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with timed(name):
                return whole(*args, **kwargs)

        setattr(owner, method, wrapped)

    wrap(model.encoder, "forward", "encoder, forward")
    wrap(model.decoder, "forward", "decoder, forward")
    wrap(model.prior, "sample", "prior, forward")
    wrap(model.gw, "forward", "GW term, forward")
    wrap(model.divergence, "forward", "divergence, forward")
    if critic:
        wrap(model.divergence, "critic_losses", "critic's losses, forward")
    wrap(torch.Tensor, "backward", "backward passes")
    source = TensorBatches(data(batch), batch_size=batch)
    records = (r for r in train(model, source, config.training) if r["event"] == "progress")
    for _ in range(2):
        next(records)
    with FlopCounterMode(display=False) as counter:
        next(records)
    arithmetic = counter.get_total_flops() / product_rate()
    spent.clear()
    began = time.process_time()
    for _ in range(STEPS):
        next(records)
    whole = 1e3 * (time.process_time() - began)
    spent["optimiser, checks, the rest"] = whole - sum(spent.values())
    spent["step"] = whole
    each = {name: value / STEPS for name, value in spent.items()}
    return each | {"its arithmetic alone": 1e3 * arithmetic}


def product_rate() -> float:
    """Operations a second of a product of large matrices, the best of some."""
    a = torch.rand(1024, 1024)
    seconds = []
    for _ in range(10):
        began = time.process_time()
        a @ a
        seconds.append(time.process_time() - began)
    return 2 * 1024**3 / min(seconds)


def main() -> None:
    """Measure with a critic and without, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--batch", type=int, default=64, choices=BATCHES)
    batch = parser.parse_args().batch
    with_critic, without = (parts(batch, critic=critic) for critic in (True, False))
    lines = [f"| batch {batch} | critic, ms | MMD, ms |", "|---|---|---|"]
    for name, value in with_critic.items():
        other = f"{without[name]:.0f}" if name in without else "-"
        lines.append(f"| {name} | {value:.0f} | {other} |")
    print("\n".join(lines))
    (RESULTS / "step_parts.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

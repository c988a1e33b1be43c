"""A training step of the published networks, against the published algorithm.

    python benchmarks/training_step.py                 # the whole table
    python benchmarks/training_step.py --batches 64    # one size

64x64x3 images, latent 64, neural prior, RMSprop, one thread; the critic trains five steps for one
of the model. First losses and gradients of both are compared on the same draws. Then each cell is
a process of its own, those of one size in turn: median processor time of a step, and the peak
memory less that of a process which only built the model. On a GPU, wall time and torch's own count.
"""

from __future__ import annotations

import argparse
import copy
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import torch
from published_step import PublishedStep, critic_losses, model_losses

from gwae_core import Batch, RunConfig
from gwae_core.build import build_objective
from gwae_core.context import BuildContext
from gwae_core.engine import TensorBatches, train

RESULTS = Path(__file__).parent / "results"
EXAMPLE = Path(__file__).parents[1] / "docs" / "examples" / "gwae-64.yaml"
Curves = dict[tuple[str, str], list[tuple[int, float]]]
"""Divergence and algorithm -> batch and seconds."""
BATCHES = (64, 128, 256, 512)
BUILT, PUBLISHED, OURS, HALF = "built", "published", "ours", "bf16"
REPEATS = {64: 3, 128: 2, 256: 1, 512: 1}
"""Processes for each cell, those of one size in turn."""
STEPS = {64: 7, 128: 5, 256: 3, 512: 3}
"""Steps in each, the first of which is not counted."""
LARGEST_PUBLISHED = 256
"""The published algorithm takes 42 GB for 512 points."""


def configuration(batch: int, *, critic: bool, precision: str, device: str) -> RunConfig:
    """The published setting."""
    overrides = [
        f"training.batch_size={batch}",
        "training.log_every=100000",
        f"training.precision={precision}",
        f"training.accelerator={device}",
    ]
    if not critic:
        overrides.append("objective.divergence=mmd")
    return RunConfig.from_file(EXAMPLE, overrides=tuple(overrides))


def data(batch: int) -> torch.Tensor:
    """Random images: how long a step takes depends on no pixel."""
    generator = torch.Generator().manual_seed(0)
    return torch.rand((batch, 3, 64, 64), generator=generator)


def build(config: RunConfig) -> Any:
    """The objective, built from one seed."""
    torch.manual_seed(0)
    x = data(config.training.batch_size)
    return build_objective(config, BuildContext.for_data(x, config.latent_dim))


def clock(device: str) -> float:
    """Seconds: of the processor, or on a GPU of the wall after all is done."""
    if device == "cpu":
        return time.process_time()
    torch.cuda.synchronize()
    return time.perf_counter()


def step_times(config: RunConfig, algorithm: str, device: str) -> Iterator[float]:
    """Seconds of each step."""
    batch = config.training.batch_size
    model, x = build(config), data(batch)
    began = clock(device)
    if algorithm == PUBLISHED:
        training = config.training
        assert training.gradient_clip is not None
        model, x = model.to(device), x.to(device)
        step = PublishedStep(
            model, learning_rate=training.learning_rate, gradient_clip=training.gradient_clip
        )
        generator = torch.Generator(device=device).manual_seed(0)
        while True:
            step(x, generator)
            now = clock(device)
            yield now - began
            began = now
    for record in train(model, TensorBatches(x, batch_size=batch), config.training):
        if record["event"] == "progress":
            now = clock(device)
            yield now - began
            began = now


def measure(algorithm: str, batch: int, *, critic: bool, device: str) -> tuple[float, float]:
    """Median seconds of a step, without the first, and peak memory in MiB."""
    torch.set_num_threads(1)
    precision = "bf16-mixed" if algorithm == HALF else "32-true"
    config = configuration(batch, critic=critic, precision=precision, device=device)
    seconds = [0.0]
    if algorithm == BUILT:
        build(config)
    else:
        times = step_times(config, algorithm, device)
        seconds = [next(times) for _ in range(STEPS[batch])][1:]
    if device == "cpu":
        # not getrusage: its peak includes that of the process which started this one
        status = Path("/proc/self/status").read_text(encoding="ascii")
        memory = int(status.partition("VmHWM:")[2].split()[0]) / 1024
    else:
        memory = torch.cuda.max_memory_allocated() / 2**20
    return statistics.median(seconds), memory


def check(batch: int, *, critic: bool) -> tuple[float, float]:
    """Largest relative difference of a term, and of a group's gradient, on the same draws.

    In float64, as in float32 a critic that has hardly learned has a term of nearly zero.

    Raises:
        AssertionError: More than 1e-9: they do not compute the same.
    """
    config = configuration(batch, critic=critic, precision="64-true", device="cpu")
    ours, x = build(config).double(), data(batch).double()
    ours.start_stage("joint", x, generator=torch.Generator().manual_seed(1))
    published = copy.deepcopy(ours)
    worst_term, worst_gradient = 0.0, 0.0
    groups: dict[str, Callable[..., Any]] = {"main": model_losses}
    if critic:
        groups = {"critic": critic_losses, **groups}
    for name, losses in groups.items():
        terms = ours.losses(name, Batch(x), generator=torch.Generator().manual_seed(2)).terms
        expected = losses(published, x, torch.Generator().manual_seed(2))
        for term, value in expected.items():
            difference = (terms[term] - value).abs() / value.abs()
            worst_term = max(worst_term, difference.item())
        gradients = []
        for model, total in ((ours, terms), (published, expected)):
            (group,) = (g for g in model.groups() if g.name == name)
            parameters = [p for part in group.parameters for p in part.params]
            found = torch.autograd.grad(sum(total.values()), parameters)
            gradients.append(torch.cat([g.flatten() for g in found]))
        difference = (gradients[0] - gradients[1]).norm() / gradients[1].norm()
        worst_gradient = max(worst_gradient, difference.item())
    assert worst_term < 1e-9, worst_term
    assert worst_gradient < 1e-9, worst_gradient
    return worst_term, worst_gradient


def cell(algorithm: str, batch: int, *, critic: bool, device: str) -> tuple[float, float]:
    """`measure` in a process of its own."""
    command = [sys.executable, __file__, "--device", device]
    command += ["--cell", algorithm, str(batch), "critic" if critic else "mmd"]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    seconds, memory = map(float, out.split()[-2:])
    return seconds, memory


def table(batches: list[int], device: str) -> tuple[list[str], Curves]:
    """Measure every cell, a line for each size; and seconds by divergence, algorithm and size."""
    curves: Curves = {}
    lines = [
        "| divergence | batch | published, s | ours, s | ratio | bf16, s | ratio "
        "| published, MiB | ours, MiB | share |",
        "|---" * 10 + "|",
    ]
    for critic in (True, False):
        for batch in batches:
            algorithms = [OURS, HALF]
            if batch <= LARGEST_PUBLISHED:
                algorithms.insert(0, PUBLISHED)
            _, base = cell(BUILT, batch, critic=critic, device=device)
            found: dict[str, list[tuple[float, float]]] = {name: [] for name in algorithms}
            for _ in range(REPEATS[batch]):
                for name in algorithms:
                    found[name].append(cell(name, batch, critic=critic, device=device))
            seconds = {k: statistics.median(s for s, _ in v) for k, v in found.items()}
            memory = {k: statistics.median(m for _, m in v) - base for k, v in found.items()}
            shown = ["-", f"{seconds[OURS]:.3f}", "-", f"{seconds[HALF]:.3f}", "-", "-"]
            shown += [f"{memory[OURS]:.0f}", "-"]
            if PUBLISHED in seconds:
                shown[0] = f"{seconds[PUBLISHED]:.3f}"
                shown[2] = f"{seconds[PUBLISHED] / seconds[OURS]:.2f}"
                shown[4] = f"{seconds[PUBLISHED] / seconds[HALF]:.2f}"
                shown[5] = f"{memory[PUBLISHED]:.0f}"
                shown[7] = f"{memory[OURS] / memory[PUBLISHED]:.2f}"
            kind = "critic" if critic else "MMD"
            for name, value in seconds.items():
                curves.setdefault((kind, name), []).append((batch, value))
            lines.append(f"| {kind} | {batch} | {' | '.join(shown)} |")
            print(lines[-1], flush=True)
    return lines, curves


def plot(curves: Curves, path: Path) -> None:
    """Seconds of a step against the size of the batch."""
    figure, axis = plt.subplots(figsize=(7, 4.6), layout="constrained")
    for (kind, name), points in curves.items():
        axis.loglog(
            *zip(*points, strict=True),
            marker="o",
            color=f"C{(PUBLISHED, OURS, HALF).index(name)}",
            linestyle="-" if kind == "critic" else "--",
            label=f"{name}, {kind}",
        )
    axis.set(xlabel="batch", ylabel="seconds a step", xticks=BATCHES)
    axis.xaxis.set_major_formatter("{x:.0f}")
    axis.minorticks_off()
    axis.legend(ncols=2)
    axis.grid(alpha=0.3)
    figure.savefig(path, dpi=120)


def main() -> None:
    """Check, measure, write the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--batches", type=int, nargs="+", default=list(BATCHES), choices=BATCHES)
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--cell", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.device == "cuda" and not torch.cuda.is_available():
        parser.error("--device cuda: torch finds no CUDA device here; take --device cpu")
    if arguments.cell:
        algorithm, batch, divergence = arguments.cell
        critic = divergence == "critic"
        print(*measure(algorithm, int(batch), critic=critic, device=arguments.device))
        return
    for critic in (True, False):
        term, gradient = check(min(arguments.batches), critic=critic)
        print(f"same draws: terms differ by {term:.1e}, gradients by {gradient:.1e}", flush=True)
    lines, curves = table(arguments.batches, arguments.device)
    name = "training_step" if arguments.device == "cpu" else "training_step_gpu"
    (RESULTS / f"{name}.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    plot(curves, EXAMPLE.parents[1] / "assets" / f"{name}.png")


if __name__ == "__main__":
    main()

"""Two processes: one solves, and both have its coupling."""

from __future__ import annotations

import multiprocessing
from pathlib import Path
from typing import Any
from unittest import mock

import torch
import torch.distributed as dist
from gwae_geomloss import Geomloss, lifted

from gwae_core import MMSpace
from gwae_core.process_group import ProcessGroup
from gwae_core.sharding import shared_by


def measured(processes: ProcessGroup | None) -> dict[str, Any]:
    """A result with its gradient, and how many linear problems it took here."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(9, 4, generator=generator, dtype=torch.float64)
    z = torch.randn(7, 2, generator=generator, dtype=torch.float64).requires_grad_()
    spaces = MMSpace(x, cost="sqeuclidean"), MMSpace(z, cost="sqeuclidean")
    with mock.patch.object(lifted, "solve", wraps=lifted.solve) as linear, shared_by(processes):
        result = Geomloss.Config().build()(*spaces)
    assert result.objective is not None
    (gradient,) = torch.autograd.grad(result.objective, z)
    return {
        "value": result.value.detach(),
        "plan": result.plan,
        "gradient": gradient,
        "iterations": result.n_iter,
        "linear": linear.call_count,
    }


def child(rank: int, folder: Path) -> None:
    torch.set_num_threads(1)
    where = f"file://{folder / 'store'}"
    dist.init_process_group("gloo", init_method=where, rank=rank, world_size=2)
    torch.save(measured(ProcessGroup(rank, 2)), folder / f"{rank}.pt")
    dist.destroy_process_group()


def test_one_of_two_processes_solves(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    children = [context.Process(target=child, args=(rank, tmp_path)) for rank in range(2)]
    for process in children:
        process.start()
    for process in children:
        process.join(timeout=120)
        assert process.exitcode == 0
    alone = measured(None)
    first, second = (torch.load(tmp_path / f"{rank}.pt") for rank in range(2))
    assert first["linear"] == alone["linear"] == alone["iterations"] > 10
    assert second["linear"] == 1
    for found in (first, second):
        for name in ("value", "plan", "gradient", "iterations"):
            torch.testing.assert_close(found[name], alone[name], rtol=1e-12, atol=1e-12)

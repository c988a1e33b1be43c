"""Two processes compute what one does: losses, gradients of every group, and whole trainings."""

from __future__ import annotations

import multiprocessing
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as dist
from torch import Tensor, nn

from gwae_core.build import build_objective
from gwae_core.config import RunConfig
from gwae_core.context import Batch, BuildContext
from gwae_core.engine import Loop, TensorBatches
from gwae_core.engine.optimization import only_trains
from gwae_core.errors import ComponentError
from gwae_core.process_group import ProcessGroup
from gwae_core.sharding import sharded, shared_by, solved_once
from gwae_core.training_config import TrainingConfig

CLOSE = 1e-12
"""Relative difference in float64; halves of a sum are rounded otherwise than the whole."""
AFTER_TRAINING = 1e-8
"""The same after steps of Adam, which divides by roots of small gradients."""
BATCH = 7  # one process has a row more than the other

MLP = {"type": "mlp", "hidden": [6]}
CRITIC = {"type": "critic", "steps": 2, "channels": 2, "width": 8, "features": 4}
GMM = {"type": "gaussian-mixture", "num_components": 2, "fit_starts": 1}


def gwae(**objective: Any) -> dict[str, Any]:
    weights = {"divergence": 1.0} if "divergence" in objective else {}
    objective.setdefault("representation_share", 0.0)
    return {"objective": {"type": "gwae", "weights": weights, **objective}}


CASES: dict[str, dict[str, Any]] = {
    "critic": {"prior": "neural", **gwae(divergence=CRITIC)},
    "critic, same batch": {"prior": "neural", **gwae(divergence={**CRITIC, "same_batch": True})},
    "critic and its features": {
        "prior": GMM,
        "reconstruction": "learned-similarity",
        **gwae(divergence=CRITIC),
    },
    "two stages, exact": {
        "prior": GMM,
        **gwae(estimator="exact", compare="data", representation_share=0.5),
    },
    "entropic": {"prior": "normal", **gwae(estimator="entropic", divergence="sliced-wasserstein")},
    "lower bound": {"prior": "normal", **gwae(estimator={"type": "lower-bound", "bound": "third"})},
    "sliced, mmd": {"prior": "uniform", **gwae(estimator="sliced", divergence="mmd")},
    "vamp": {"prior": {"type": "vamp", "num_components": 3}, **gwae(divergence="mmd")},
    "vae": {"prior": "normal", "objective": "vae"},
    "convolutions": {
        "prior": "normal",
        "encoder": {"type": "convolutional", "channels": [2]},
        "decoder": {"type": "convolutional", "channels": [2]},
        **gwae(divergence=CRITIC),
    },
}


def data(shape: tuple[int, ...]) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(40, *shape, generator=generator, dtype=torch.float64)
    x[20:] += 2
    return x


def measured(name: str, processes: ProcessGroup | None) -> dict[str, Tensor]:
    """Terms and gradients of each group, and the weights after some steps, by name."""
    config = RunConfig.from_mapping(
        {"latent_dim": 2, "encoder": MLP, "decoder": MLP, "metrics": [], **CASES[name]}
    )
    x = data((1, 8, 8) if name == "convolutions" else (5,))
    torch.manual_seed(0)
    objective = build_objective(config, BuildContext.for_data(x.float(), 2)).double()
    found: dict[str, Tensor] = {}
    noise = torch.Generator().manual_seed(2)
    with shared_by(processes):
        for stage in objective.stages():
            objective.start_stage(stage.name, x, generator=noise)
        for group in objective.groups():
            trained = [p for part in group.parameters for p in part.params if p.requires_grad]
            with only_trains(objective, trained):
                batch = Batch(x[:BATCH], torch.arange(BATCH))
                losses = objective.losses(group.name, batch, generator=noise)
                gradients = torch.autograd.grad(losses.total, trained, allow_unused=True)
            for term, value in losses.terms.items():
                found[f"{group.name}: {term}"] = value.detach()
            joined = [g.flatten() for g in gradients if g is not None]
            found[f"{group.name}: gradient"] = torch.cat(joined)
    training = TrainingConfig(
        steps=6, batch_size=BATCH, precision="64-true", log_every=3, validate_every=4, threads=1
    )
    loop = Loop(
        objective,
        TensorBatches(x[:30], batch_size=BATCH),
        training,
        validation=TensorBatches(x[30:], batch_size=10),
        processes=processes,
    )
    for record in loop.run():
        if record["event"] == "validation":
            found[f"validation {record['step']}"] = torch.tensor(record["total"])
    for key, value in objective.state_dict().items():
        found[f"after: {key}"] = value.double()
    return found


class Odd(nn.Module):
    """A network whose rows may depend on each other, on chance, or not be rows at all."""

    def __init__(self, *layers: nn.Module, rows: bool = True) -> None:
        super().__init__()
        self.layers, self.rows = nn.Sequential(*layers), rows

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.layers(x)
        return found if self.rows else found.mean(0)


REFUSED = {
    "BatchNorm1d": lambda: Odd(nn.Linear(2, 3), nn.BatchNorm1d(3)),
    "random numbers": lambda: Odd(nn.Linear(2, 3), nn.Dropout(0.5)),
    "for each": lambda: Odd(nn.Linear(2, 3), rows=False),
}


def also_measured(processes: ProcessGroup) -> dict[str, Any]:
    """What only several processes do."""
    found: dict[str, Any] = {}
    x = torch.ones(5, 2)
    with shared_by(processes):
        for name, build in REFUSED.items():
            try:
                sharded(build(), x)
            except ComponentError as error:
                found[name] = error.message
        found["evaluated"] = sharded(REFUSED["BatchNorm1d"]().eval(), x)
        rank = torch.tensor(float(processes.rank))
        found["solved"] = solved_once(lambda: {"by": rank, "also": (rank + 1, "text")})
        found["one row"] = sharded(nn.Identity(), x[:1])

        def fail() -> None:
            raise ComponentError("it has no solution", hint="take another")

        try:
            solved_once(fail)
        except ComponentError as error:
            found["failed"] = str(error)
    found["highest"] = processes.highest(processes.rank + 3)
    return found


def child(rank: int, folder: Path) -> None:
    torch.set_num_threads(1)
    where = f"file://{folder / 'store'}"
    dist.init_process_group(
        "gloo", init_method=where, rank=rank, world_size=2, timeout=timedelta(seconds=60)
    )
    processes = ProcessGroup(rank, 2)
    found = {name: measured(name, processes) for name in CASES}
    torch.save({**found, "": also_measured(processes)}, folder / f"{rank}.pt")
    dist.destroy_process_group()


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[Mapping[str, Any]]:
    """What both processes measured."""
    folder = tmp_path_factory.mktemp("processes")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["gwae_core.runs"])
    children = [context.Process(target=child, args=(rank, folder)) for rank in range(2)]
    for process in children:
        process.start()
    for process in children:
        process.join(120)
    assert [process.exitcode for process in children] == [0, 0]
    return [torch.load(folder / f"{rank}.pt") for rank in range(2)]


@pytest.mark.parametrize("name", CASES)
def test_two_processes_are_one(name, found):
    one = measured(name, None)
    for two in found:
        assert two[name].keys() == one.keys()
        for key, value in one.items():
            scale = float(value.abs().max()) or 1.0
            error = float((two[name][key] - value).abs().max()) / scale
            allowed = AFTER_TRAINING if key.startswith(("after", "validation")) else CLOSE
            assert error <= allowed, f"{key}: {error}"
    for key, value in found[0][name].items():
        assert torch.equal(value, found[1][name][key]), key


@pytest.mark.parametrize("name", REFUSED)
def test_what_a_share_of_the_rows_cannot_tell_is_refused(name, found):
    for two in found:
        assert name in two[""][name]


def test_statistics_that_are_fixed_are_no_hindrance(found):
    assert all(two[""]["evaluated"].shape == (5, 3) for two in found)


def test_the_first_process_solves_for_all(found):
    for two in found:
        assert two[""]["solved"] == {"by": torch.tensor(0.0), "also": (torch.tensor(1.0), "text")}
        assert two[""]["failed"] == "it has no solution\nhint: take another"
        assert two[""]["highest"] == 4


def test_fewer_rows_than_processes_are_computed_by_each(found):
    assert all(torch.equal(two[""]["one row"], torch.ones(1, 2)) for two in found)


@pytest.mark.parametrize(("n", "size"), [(7, 2), (8, 3), (3, 3), (64, 8)])
def test_every_row_belongs_to_one_process(n, size):
    parts = [range(n)[ProcessGroup(rank, size).rows(n)] for rank in range(size)]
    assert [row for part in parts for row in part] == list(range(n))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_one_process_shares_nothing():
    network = nn.Linear(2, 2)
    x = torch.ones(3, 2)
    assert torch.equal(sharded(network, x), network(x))
    assert not sharded(network, x, frozen=True).requires_grad
    assert solved_once(lambda: 5) == 5

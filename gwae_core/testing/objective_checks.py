"""Laws of objectives: their stages, groups and loss terms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from gwae_core.build import build_objective
from gwae_core.config import RunConfig
from gwae_core.context import Batch
from gwae_core.interfaces import Objective, UpdateGroup
from gwae_core.testing.module_checks import require_gradients
from gwae_core.testing.subject import PARTS, TRAIN, ModuleSubject, seeded

STEP = 24
"""Data points in a training step."""


class ObjectiveSubject(ModuleSubject):
    """Objectives over small networks and a mixture prior."""

    rowwise = ("mean", "decoded")

    def build(self, *, seed: int = 0, neutral: bool = False) -> Objective:
        """Build the parts and the objective over them."""
        values: dict[str, Any] = {
            "seed": seed,
            "latent_dim": self.latent_dim,
            **PARTS,
            "prior": {"type": "gaussian-mixture", "num_components": 3},
            "objective": self.config,
        }
        with seeded(seed):
            context = self.context(neutral=neutral)
            return build_objective(RunConfig.model_validate(values), context)

    def inputs(self, n: int) -> dict[str, Tensor]:
        """Data."""
        return {"x": self.data(n)}

    def outputs(
        self, module: Any, inputs: Mapping[str, Tensor], n: int, generator: torch.Generator
    ) -> dict[str, Tensor]:
        """Codes, what is decoded from them, and codes drawn."""
        mean = module.encode(inputs["x"]).mean
        return {
            "mean": mean,
            "decoded": module.decode(mean),
            "sample_latent": module.sample_latent(n, generator=generator),
        }

    def shapes(self, n: int) -> dict[str, tuple[int, ...]]:
        """(n, d) and (n, *data_shape)."""
        codes = (n, self.latent_dim)
        return {"mean": codes, "decoded": (n, *self.data_shape), "sample_latent": codes}


def stages_and_groups(subject: ObjectiveSubject) -> None:
    """Stages share the steps among them and update groups that exist."""
    objective = subject.build()
    stages, groups = objective.stages(), objective.groups()
    total = sum(stage.fraction for stage in stages)
    assert abs(total - 1) < 1e-6, f"the fractions of the stages sum to {total:g}, not to 1"
    names = [group.name for group in groups]
    assert len(set(names)) == len(names), f"two update groups share a name: {names}"
    asked = {name for stage in stages for name in stage.groups}
    assert asked <= set(names), f"stages update {sorted(asked)}, but the groups are {names}"
    owned = [id(p) for group in groups for part in group.parameters for p in part.params]
    assert len(set(owned)) == len(owned), "a parameter is in two places; two optimisers would fight"


def training(subject: ObjectiveSubject) -> None:
    """In all stages the terms are finite; over them, every parameter of a group gets a gradient."""
    objective = subject.build()
    for where, term in _run_stages(subject, objective, backward=True).items():
        assert bool(torch.isfinite(term)), f"{where} is {term.item()}"
    owned = {id(p) for group in objective.groups() for p in _trainable(group)}
    named = objective.named_parameters()
    require_gradients({f"parameter {name}": p for name, p in named if id(p) in owned})


def reproducible_training(subject: ObjectiveSubject) -> None:
    """Equal seeds give equal terms, bit by bit, through all stages."""
    first, again = (_run_stages(subject, subject.build(), backward=False) for _ in range(2))
    for name in first:
        assert torch.equal(first[name], again[name]), (
            f"{name} differs between two runs of one seed; draw with the generator passed in"
        )


def _run_stages(
    subject: ObjectiveSubject, objective: Objective, *, backward: bool
) -> dict[str, Tensor]:
    x = subject.data(TRAIN)
    batch = Batch(x[:STEP], torch.arange(STEP))
    generator = torch.Generator().manual_seed(0)
    found: dict[str, Tensor] = {}
    for stage in objective.stages():
        objective.start_stage(stage.name, x, generator=generator)
        for group in stage.groups:
            losses = objective.losses(group, batch, generator=generator)
            assert losses.terms, f"the group {group} has no loss term in the stage {stage.name}"
            for name, term in losses.terms.items():
                where = f"the term {name} of {group} in the stage {stage.name}"
                assert term.shape == (), f"{where} has shape {tuple(term.shape)}; it is a number"
                found[where] = term.detach()
            if backward:
                owned = [p for g in objective.groups() if g.name == group for p in _trainable(g)]
                gradients = torch.autograd.grad(losses.total, owned, allow_unused=True)
                for parameter, gradient in zip(owned, gradients, strict=True):
                    if gradient is not None:
                        old = 0 if parameter.grad is None else parameter.grad
                        parameter.grad = old + gradient
    return found


def _trainable(group: UpdateGroup) -> list[nn.Parameter]:
    return [p for part in group.parameters for p in part.params if p.requires_grad]

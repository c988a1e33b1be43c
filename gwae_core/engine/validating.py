"""Terms on held-out data, and the one value that decides which weights are best."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from lightning_fabric import Fabric

from gwae_core.context import Batch
from gwae_core.engine.batches import TensorBatches
from gwae_core.engine.devices import moved
from gwae_core.errors import ConfigError
from gwae_core.interfaces import Objective


@torch.inference_mode()
def validate(
    objective: Objective,
    held_out: TensorBatches,
    *,
    group: str,
    batch_size: int,
    seed: int,
    fabric: Fabric,
) -> dict[str, float]:
    """Terms of a group on held-out data, in batches of the training size if there are so many."""
    objective.eval()
    generator = torch.Generator(device=fabric.device).manual_seed(seed)
    size = min(batch_size, len(held_out.x))
    count = len(held_out.x) // size
    sums: dict[str, float] = {}
    for k in range(count):
        batch = moved(held_out.rows(torch.arange(k * size, (k + 1) * size)), fabric)
        # These rows are not of the training split, so nothing may be looked up by them.
        batch = Batch(batch.x, y=batch.y, factors=batch.factors)
        with fabric.autocast():
            losses = objective.losses(group, batch, generator=generator)
        for name, term in losses.terms.items():
            sums[name] = sums.get(name, 0.0) + float(term) / count
    objective.train()
    return sums


def score(objective: Objective, terms: Mapping[str, float], monitor: str) -> float:
    """The monitored value: lower is better, and a moving critic has no say in it.

    Raises:
        ConfigError: There is no such term.
    """
    if monitor == "total":
        excluded = objective.adversarial_terms
        return sum(value for name, value in terms.items() if name not in excluded)
    if monitor not in terms:
        raise ConfigError(
            f"training.monitor: no term {monitor!r}; allowed: total, {', '.join(terms)}"
        )
    return terms[monitor]

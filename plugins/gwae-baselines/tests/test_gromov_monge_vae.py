"""The variational autoencoder with the Gromov-Monge gap."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from gwae_core import Batch

NAME = "gromov-monge-vae"


def gap_of(model, source, image):
    return model._gap(source, image, generator=torch.Generator().manual_seed(0)).item()


def brute_force(source, image) -> tuple[float, float]:
    """Distortion of the given pairs, and of the best permutation, squared distances."""
    costs = []
    for points in (source.numpy(), image.numpy()):
        costs.append(((points[:, None] - points) ** 2).sum(-1))
    given = ((costs[0] - costs[1]) ** 2).mean()
    best = min(
        ((costs[0] - costs[1][np.ix_(p, p)]) ** 2).mean()
        for p in map(list, itertools.permutations(range(len(source))))
    )
    return given, best


@pytest.mark.parametrize("seed", range(4))
def test_the_gap_is_that_of_all_permutations(seed, build) -> None:
    """With squared distances some best coupling is a permutation, so that six points are all."""
    generator = torch.Generator().manual_seed(seed)
    source = torch.randn(6, 2, generator=generator, dtype=torch.float64)
    image = torch.randn(6, 3, generator=generator, dtype=torch.float64)
    given, best = brute_force(source, image)
    model = build({"type": NAME, "ground_cost": "sqeuclidean"})
    assert gap_of(model, source, image) == pytest.approx(given - best, rel=1e-6)
    plain = build({"type": NAME, "ground_cost": "sqeuclidean", "estimator": "paired"})
    assert gap_of(plain, source, image) == pytest.approx(given, rel=1e-9)


def test_no_gap_where_the_map_is_the_best_between_its_ends(build) -> None:
    """A stretched map has a distortion, and no gap: no other coupling does better."""
    source = torch.linspace(0, 1, 8, dtype=torch.float64)[:, None] ** 2
    model = build({"type": NAME, "ground_cost": "euclidean"})
    plain = build({"type": NAME, "ground_cost": "euclidean", "estimator": "paired"})
    assert gap_of(plain, source, 3 * source) > 0.1
    assert gap_of(model, source, 3 * source) == pytest.approx(0, abs=1e-9)
    assert gap_of(model, source, -3 * source) == pytest.approx(0, abs=1e-9)
    assert gap_of(model, source, (3 * source).roll(3, 0)) > 0.1


@pytest.mark.parametrize("side", ["decoder", "encoder"])
def test_the_map_is_the_one_that_is_chosen(side, build, data) -> None:
    model = build({"type": NAME, "map": side, "estimator": "paired", "ground_cost": "euclidean"})
    found = model.losses("main", Batch(data.double()), generator=torch.Generator().manual_seed(3))
    posterior = model.encode(data.double())
    z = posterior.rsample(torch.Generator().manual_seed(3))
    ends = (z, model.decode(z)) if side == "decoder" else (data.double(), posterior.mean)
    d = [torch.cdist(end, end) for end in ends]
    expected = (d[0] - d[1]).square().mean().item()
    # distances through Gram matrices are exact to single precision of their squares
    assert found.terms["gap"].item() == pytest.approx(expected, rel=1e-5)


def test_without_a_weight_it_is_the_vae(build, terms) -> None:
    mine, vae = terms(build({"type": NAME, "weight": 0})), terms(build("vae"))
    assert mine.pop("gap").item() == 0
    assert {k: v.item() for k, v in mine.items()} == pytest.approx(
        {k: v.item() for k, v in vae.items()}, rel=1e-12
    )

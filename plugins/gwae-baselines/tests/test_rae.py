"""The regularised autoencoder."""

from __future__ import annotations

import pytest
import torch
from gwae_baselines.penalized import Coded
from torch import Tensor

from gwae_core import Batch


def jacobians(decode, z: Tensor) -> Tensor:
    """One row of the identity after another, by torch's own `jacobian`: (n, D, d)."""
    return torch.stack(
        [torch.autograd.functional.jacobian(lambda w: decode(w[None])[0], each) for each in z]
    )


def test_the_decoder_s_penalty_is_the_squared_jacobian_on_average(build, data) -> None:
    model = build({"type": "rae", "decoder": 2.0}, posterior="deterministic")
    x = data.double()
    posterior = model.encode(x)
    z = posterior.mean
    exact = jacobians(model.decoder, z).square().sum((1, 2)).mean()
    generator = torch.Generator().manual_seed(0)
    coded = Coded(x, posterior, z, x)
    with torch.no_grad():
        draws = [model.penalties(coded, generator=generator)["decoder"] for _ in range(3000)]
    assert torch.stack(draws).mean().item() == pytest.approx(2 * exact.item(), rel=0.02)


def test_the_penalties_in_numbers(build, terms, data) -> None:
    model = build(
        {"type": "rae", "codes": 3, "decoder": 0.5, "regularizer": "l2"},
        posterior="deterministic",
    )
    z = model.encode(data.double()).mean
    squares = sum(p.square().sum().item() for p in model.decoder.parameters())
    found = terms(model)
    assert found["codes"].item() == pytest.approx(1.5 * z.square().sum(1).mean().item())
    assert found["decoder"].item() == pytest.approx(0.25 * squares)


def test_without_weights_it_is_the_autoencoder(build, terms, data) -> None:
    model = build({"type": "rae", "codes": 0, "decoder": 0}, posterior="deterministic")
    x = data.double()
    error = 0.5 * (model.decode(model.encode(x).mean) - x).square().sum(1).mean()
    assert sum(terms(model).values()).item() == pytest.approx(error.item())


def test_the_prior_takes_no_part(build, data) -> None:
    model = build("rae", prior="gaussian-mixture")
    owned = {id(p) for group in model.groups() for part in group.parameters for p in part.params}
    assert owned.isdisjoint(id(p) for p in model.prior.parameters())
    generator = torch.Generator().manual_seed(0)
    model.losses("main", Batch(data.double()), generator=generator).total.backward()
    assert all(p.grad is None for p in model.prior.parameters())


@pytest.mark.parametrize("regularizer", ["l2", "gradient"])
def test_it_is_validated_without_autograd(build, terms, regularizer: str) -> None:
    model = build({"type": "rae", "regularizer": regularizer}).eval()
    expected = terms(model)
    with torch.inference_mode():
        found = terms(model)
    for name, value in expected.items():
        assert found[name].item() == pytest.approx(value.item())

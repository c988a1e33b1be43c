"""Adversarially learned inference."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn.functional import softplus

from gwae_core import Batch, BuildContext, RunConfig, TrainingConfig, fit
from gwae_core.build import build_objective


def test_encoded_pairs_are_told_from_generated_ones(build, data) -> None:
    model = build("ali")
    x = data.double()
    generator = torch.Generator().manual_seed(0)
    z = model.encode(x).rsample(generator)
    q, p = model.compared(x, z, generator=generator)
    assert torch.equal(q.x, x)
    assert torch.equal(q.z, z)
    assert torch.equal(p.x, model.decode(p.z))
    # the model's loss has the roles of the discriminator's the other way round
    of_q, of_p = model.discriminator.score(q), model.discriminator.score(p)
    found = model.losses("main", Batch(x), generator=torch.Generator().manual_seed(0)).terms
    expected = softplus(of_q).mean() + softplus(-of_p).mean() - 2 * math.log(2)
    assert found.keys() == {"adversarial"}
    assert found["adversarial"].item() == pytest.approx(expected.item(), rel=1e-9)


def test_the_reconstruction_has_its_weight(build, terms) -> None:
    found = terms(build({"type": "ali", "reconstruction_weight": 2.0}))
    model = build({"type": "ali", "reconstruction_weight": 4.0})
    assert terms(model)["reconstruction"].item() == pytest.approx(
        2 * found["reconstruction"].item()
    )


@pytest.mark.slow
def test_it_learns_a_line_without_a_reconstruction_term() -> None:
    """Data on a line: what is generated spreads as the data, and reconstructions come near."""
    torch.manual_seed(0)
    direction = torch.tensor([[3.0, -1.0]])
    x = torch.randn(400, 1, generator=torch.Generator().manual_seed(0)) @ direction
    values = {
        "latent_dim": 1,
        "encoder": {"type": "mlp", "hidden": []},
        "decoder": {"type": "mlp", "hidden": []},
        "prior": "normal",
        "objective": {
            "type": "ali",
            "discriminator": {"hidden": [32], "gradient_penalty": 1.0},
        },
    }
    model = build_objective(RunConfig.from_mapping(values), BuildContext.for_data(x, 1))
    fit(model, x, training=TrainingConfig(steps=1200, learning_rate=3e-3, warmup_steps=0))
    with torch.no_grad():
        generated = model.decode(model.sample_latent(4000))
        error = (model.decode(model.encode(x).mean) - x).square().sum(1).mean()
    assert torch.allclose(generated.std(0), x.std(0), rtol=0.25)
    assert error < 0.3 * x.var(0).sum()

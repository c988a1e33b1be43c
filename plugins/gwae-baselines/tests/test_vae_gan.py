"""VAE/GAN."""

from __future__ import annotations

import pytest
import torch

from gwae_core import Batch
from gwae_core.errors import ConfigError

NAME = "vae-gan"
LEARNED = "learned-similarity"


def gradients(model, data, part):
    model.zero_grad()
    generator = torch.Generator().manual_seed(0)
    model.losses("main", Batch(data.double()), generator=generator).total.backward()
    return torch.cat([p.grad.flatten() for p in getattr(model, part).parameters()])


def test_the_adversary_reaches_the_decoder_alone(build, data) -> None:
    models = [
        build({"type": NAME, "adversarial_weight": w}, reconstruction=LEARNED) for w in (1, 5)
    ]
    of_encoder, of_decoder = (
        [gradients(model, data, part) for model in models] for part in ("encoder", "decoder")
    )
    assert torch.equal(*of_encoder)
    assert not torch.allclose(*of_decoder)


def test_reconstructions_are_compared_in_the_discriminators_features(build, data, terms) -> None:
    model = build(NAME, reconstruction=LEARNED)
    x = data.double()
    z = model.encode(x).rsample(torch.Generator().manual_seed(0))
    discriminator = model.discriminator
    features = [
        discriminator.of_x[:2]((end - discriminator.mean) / discriminator.scale)
        for end in (x, model.decode(z))
    ]
    difference = (features[0] - features[1]).square().sum(1)
    expected = (0.5 * discriminator.scale**2 * difference).mean().item()
    assert terms(model)["reconstruction"].item() == pytest.approx(expected, rel=1e-9)


def test_reconstructions_and_samples_are_judged_half_and_half(build, data) -> None:
    model = build(NAME)
    generator = torch.Generator().manual_seed(0)
    x, n = data.double(), len(data)
    z = model.encode(x).rsample(generator)
    real, decoded = model.compared(x, z, generator=generator)
    assert torch.equal(real.x, x)
    assert len(decoded.z) == 2 * n
    assert torch.equal(decoded.z[:n], real.z)
    assert decoded.mass.sum().item() == pytest.approx(1)
    assert decoded.mass[:n].sum().item() == pytest.approx(0.5)


def test_without_its_adversary_it_is_the_vae(build, terms) -> None:
    mine, vae = terms(build(NAME)), terms(build("vae"))
    for name in ("reconstruction", "divergence"):
        assert mine[name].item() == pytest.approx(vae[name].item(), rel=1e-9)


def test_a_discriminator_of_pairs_is_refused(build) -> None:
    with pytest.raises(ConfigError, match="sees data alone"):
        build({"type": NAME, "discriminator": {"sees": "pairs"}})

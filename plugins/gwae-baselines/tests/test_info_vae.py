"""The InfoVAE: its limits are the VAE and the Wasserstein autoencoder."""

from __future__ import annotations

import pytest
from gwae_baselines import InfoVAE
from pydantic import ValidationError


def test_with_alpha_0_and_lambda_1_it_is_the_vae(build, terms) -> None:
    ours, vae = build({"type": "info-vae", "alpha": 0, "weight": 1}), build("vae")
    vae.load_state_dict(ours.state_dict())
    found, expected = terms(ours), terms(vae)
    assert found["divergence"].item() == 0
    assert found["kl"].item() == pytest.approx(expected["divergence"].item())
    assert found["reconstruction"].item() == pytest.approx(expected["reconstruction"].item())


@pytest.mark.parametrize("divergence", ["mmd", "sinkhorn"])
def test_with_alpha_1_it_is_the_wasserstein_autoencoder(build, terms, divergence: str) -> None:
    ours = build({"type": "info-vae", "alpha": 1, "weight": 7, "divergence": divergence})
    wae = build({"type": "wae", "weight": 7, "divergence": divergence})
    wae.load_state_dict(ours.state_dict())
    found, expected = terms(ours), terms(wae)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert found[name].item() == pytest.approx(value.item())


def test_the_weights_are_those_of_the_paper(build, terms) -> None:
    """(1 - alpha) KL + (alpha + lambda - 1) D, from the terms of the two limits."""
    ours = build({"type": "info-vae", "alpha": 0.25, "weight": 3})
    vae, wae = build("vae"), build({"type": "wae", "weight": 1})
    for limit in (vae, wae):
        limit.load_state_dict(ours.state_dict())
    found = terms(ours)
    assert found["kl"].item() == pytest.approx(0.75 * terms(vae)["divergence"].item())
    assert found["divergence"].item() == pytest.approx(2.25 * terms(wae)["divergence"].item())


def test_a_negative_weight_of_the_divergence_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"raise weight to 1\.5 or more"):
        InfoVAE.Config(alpha=-0.5, weight=1)

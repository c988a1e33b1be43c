"""The squared error in features of the critic."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gwae_core import RunConfig, load, run
from gwae_core.builtin.divergences import Critic
from gwae_core.builtin.reconstructions import LearnedSimilarity
from gwae_core.checkpoints import read_checkpoint
from gwae_core.context import BuildContext
from gwae_core.errors import ComponentError, GWAEError

X = 3 * torch.randn(40, 1, 8, 8, generator=torch.Generator().manual_seed(0)) + 2


def build(**values: object) -> LearnedSimilarity:
    context = BuildContext.for_data(X, 2)
    torch.manual_seed(0)
    made = LearnedSimilarity(LearnedSimilarity.Config(**values), context)
    made.use_critic(Critic(Critic.Config(channels=4), context))
    return made


@pytest.mark.parametrize("layer", [0, 1, 2, None])
def test_the_loss_is_the_squared_distance_of_the_critic_s_activations(layer: int | None) -> None:
    made = build(layer=layer)
    x, params = X[:5], X[5:10]
    seen: dict[int, torch.Tensor] = {}
    network = made.critic.network
    activations = [part for part in network.of_x if isinstance(part, torch.nn.LeakyReLU)]
    number = 1 if layer is None else layer  # the middle one of three
    activations[number].register_forward_hook(lambda *a: seen.update({len(seen): a[2]}))
    scale = made.critic.scale
    with torch.no_grad():
        for data in (x, params):
            network((data - made.critic.mean) / scale, torch.zeros(5, 2))
        found = made.loss(params, x)
    expected = 0.5 * scale**2 * (seen[0] - seen[1]).flatten(1).square().sum(1)
    assert torch.allclose(found, expected, rtol=1e-5)
    assert torch.equal(made.mean(params), params)


def test_pixels_may_count_too() -> None:
    x, params = X[:5], X[5:10]
    pixels = 0.5 * (x - params).square().flatten(1).sum(1)
    gained = build(pixel_weight=0.3).loss(params, x) - build().loss(params, x)
    assert torch.allclose(gained.detach(), 0.3 * pixels, rtol=1e-3)


def test_equal_data_have_no_loss_and_no_gradient_reaches_the_critic() -> None:
    made = build()
    params = X[:5].clone().requires_grad_()
    assert made.loss(params, X[:5]).abs().max() == 0
    made.loss(params, X[5:10]).sum().backward()
    assert params.grad.abs().max() > 0
    assert all(p.grad is None for p in made.critic.parameters())


def test_a_layer_that_is_not_there_is_refused() -> None:
    with pytest.raises(ComponentError, match="3 hidden layers for data, numbered from 0; got"):
        build(layer=3)


def config(**objective: Any) -> RunConfig:
    return RunConfig.from_mapping(
        {
            "latent_dim": 2,
            "encoder": {"hidden": [16]},
            "decoder": {"hidden": [16]},
            "prior": "normal",
            "reconstruction": {"type": "learned-similarity", "pixel_weight": 0.1},
            "objective": {"type": "gwae", "representation_share": 0, **objective},
            "training": {"steps": 6, "batch_size": 16, "ema_decay": 0.5},
        }
    )


DATA = X.numpy()


def test_without_a_critic_it_is_refused_before_training(tmp_path: Path) -> None:
    vae = config().model_copy(update={"objective": config_of("vae")})
    for settings in (config(), config(divergence="mmd"), vae):
        with pytest.raises(GWAEError, match="there is none") as caught:
            run(settings, out=tmp_path / "run", data=DATA)
        assert "divergence: critic" in str(caught.value.hint)
    assert not (tmp_path / "run").exists()


def config_of(name: str) -> Any:
    return RunConfig.from_mapping({"objective": name}).objective


def test_a_run_trains_and_loads_with_one_critic_for_both(tmp_path: Path) -> None:
    settings = config(divergence={"type": "critic", "channels": 4, "steps": 1})
    result = run(settings, out=tmp_path / "run", data=DATA, report=False)
    assert np.isfinite(list(result.metrics.values())).all()
    state = read_checkpoint(result.folder / "checkpoints/last.safetensors")[0]
    own = {k: v for k, v in state.items() if k.startswith("divergence.")}
    assert own
    for name, value in own.items():  # averaged or not, both names mean one tensor
        assert torch.equal(value, state[name.replace("divergence.", "reconstruction.critic.")])
    objective = load(result.folder).objective
    assert objective.reconstruction.critic is objective.divergence

"""The Wasserstein autoencoder: its penalty sees the codes, and a nearly blind kernel is caught."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from gwae_core import Batch, Divergence, RunConfig, Sample
from gwae_core.errors import ComponentError
from gwae_core.registered import config_class

ROOT = Path(__file__).resolve().parents[3]
NAMES = ("wae-mmd", "swae", "sinkhorn-ae")


def divergence(name: str) -> Divergence:
    """The divergence of an example."""
    config = RunConfig.from_file(ROOT / "docs/examples/baselines" / f"{name}.yaml")
    made: Divergence = config.objective.divergence.build(None)
    return made


def normal(n: int, d: int, *, seed: int) -> Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed))


def check_sees(found: nn.Module, d: int) -> None:
    """Codes unlike the prior cost more than codes like it, and are pulled back."""

    def cost_of(z: Tensor, seed: int) -> Tensor:
        # random directions are the same for the costs that are compared
        generator = torch.Generator().manual_seed(seed)
        cost: Tensor = found(Sample(z), Sample(normal(128, d, seed=seed)), generator=generator)
        return cost

    costs = {}
    for label, scale, shift in (("match", 1.0, 0.0), ("collapse", 0.01, 0.0), ("shift", 1.0, 1.0)):
        values = []
        for seed in range(8):
            z = scale * normal(128, d, seed=2 * seed) + shift
            values.append(cost_of(z, 2 * seed + 1).item())
        costs[label] = sum(values) / len(values)
    whole = max(costs.values())
    assert costs["collapse"] - costs["match"] > 0.1 * whole
    assert costs["shift"] - costs["match"] > 0.1 * whole
    z = (normal(128, d, seed=0) + 1).requires_grad_()
    cost = cost_of(z, 1)
    cost.backward()
    # one step downhill of a tenth of a standard deviation a code
    step = 0.1 * z.grad / z.grad.norm(dim=1, keepdim=True).mean()
    moved = cost_of(z.detach() - step, 1)
    assert moved < cost - 1e-3 * whole


class Blind(nn.Module):
    """The fault of a published comparison: the kernel divides by the dimension twice."""

    def forward(self, q: Sample, p: Sample, *, generator: torch.Generator) -> Tensor:
        """MMD^2 with exp(-|z - w|^2 / d^2), its diagonal left in."""
        d = q.z.shape[1]

        def kernel(a: Tensor, b: Tensor) -> Tensor:
            return torch.exp(-torch.cdist(a, b).square() / d**2)

        cross = kernel(q.z, p.z).mean()
        return kernel(q.z, q.z).mean() + kernel(p.z, p.z).mean() - 2 * cross


@pytest.mark.parametrize("d", [2, 16, 64])
@pytest.mark.parametrize("name", NAMES)
def test_the_penalty_of_every_example_sees_the_codes(name: str, d: int) -> None:
    check_sees(divergence(name), d)


def test_a_nearly_blind_kernel_is_caught() -> None:
    with pytest.raises(AssertionError):
        check_sees(Blind(), 64)


def test_a_divergence_that_prefers_a_collapse_in_small_batches_is_caught() -> None:
    """With its self terms, a Sinkhorn divergence of 128 points is least where codes shrink."""
    biased = config_class("divergence", "sinkhorn").model_validate({"debias": "self"})
    with pytest.raises(AssertionError):
        check_sees(biased.build(None), 64)


@pytest.mark.parametrize("kind", ["mmd", "sinkhorn", "sliced-wasserstein", "discriminator"])
def test_the_terms_are_the_reconstruction_and_the_weighted_divergence(build, data, kind) -> None:
    values = {"type": "wae", "weight": 7, "divergence": kind}
    model = build(values, posterior="deterministic")
    x = data.double()
    found = model.losses("main", Batch(x), generator=torch.Generator().manual_seed(5))
    z = model.encode(x).mean
    generator = torch.Generator().manual_seed(5)
    p = model.prior.sample(len(x), generator=generator)
    expected = 7 * model.divergence(Sample(z), Sample(p), generator=generator)
    assert found.terms["divergence"].item() == pytest.approx(expected.item())
    error = 0.5 * (model.decode(z) - x).square().sum(1).mean()
    assert found.terms["reconstruction"].item() == pytest.approx(error.item())


def test_the_weights_of_a_mixture_prior_learn(build, terms) -> None:
    model = build("wae", prior="gaussian-mixture")
    terms(model)["divergence"].backward()
    for name, parameter in model.prior.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name


def test_a_critic_on_codes_trains_in_a_group_of_its_own(build, data) -> None:
    model = build({"type": "wae", "divergence": {"type": "discriminator", "steps": 3}})
    critic, main = model.groups()
    assert (critic.name, critic.steps, main.name) == ("critic", 3, "main")
    generator = torch.Generator().manual_seed(0)
    model.losses("critic", Batch(data.double()), generator=generator).total.backward()
    reached = {name for name, p in model.named_parameters() if p.grad is not None}
    assert reached and all(name.startswith("divergence.") for name in reached)
    assert model.adversarial_terms == {"divergence"}


@pytest.mark.parametrize("objective", ["wae", "info-vae"])
def test_a_divergence_of_pairs_is_refused(build, objective: str) -> None:
    critic = config_class("divergence", "critic").model_validate({"type": "critic"})
    with pytest.raises(ComponentError, match=f"{objective} compares codes alone"):
        build({"type": objective, "divergence": critic})

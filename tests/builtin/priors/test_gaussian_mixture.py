"""The Gaussian mixture prior: its moments, its density, its fit, and what learns from samples."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.distributions import Categorical, MixtureSameFamily, MultivariateNormal

from gwae_core.builtin.divergences import Sinkhorn
from gwae_core.builtin.priors import GaussianMixture
from gwae_core.context import BuildContext
from gwae_core.errors import ComponentError
from gwae_core.interfaces import Sample, WeightedSamples


def build(
    num_components: int = 3,
    latent_dim: int = 2,
    *,
    standardize: bool = False,
    kind: type[GaussianMixture] = GaussianMixture,
) -> GaussianMixture:
    """A mixture with random parameters."""
    torch.manual_seed(0)
    config = GaussianMixture.Config(num_components=num_components, standardize=standardize)
    prior = kind(config, BuildContext.for_shape((4,), latent_dim))
    with torch.no_grad():
        prior.logits.copy_(torch.randn(num_components))
        prior.locations.mul_(3)
        prior.factors.add_(0.3 * torch.randn_like(prior.factors))
    return prior


def reference(prior: GaussianMixture) -> MixtureSameFamily:
    mixture = prior.components()
    return MixtureSameFamily(
        Categorical(mixture.weights),
        MultivariateNormal(mixture.means, scale_tril=mixture.cholesky),
    )


def moments(sample: WeightedSamples) -> tuple[Tensor, Tensor]:
    mean = sample.weights @ sample.z
    offset = sample.z - mean
    return mean, (sample.weights[:, None] * offset).T @ offset


# Fault: an einsum that keeps the diagonal of each covariance alone.


class AxisAligned(GaussianMixture):
    """The fault: components lose their correlations on the way to a sample."""

    def sample_component(
        self, component: int, n: int, *, generator: torch.Generator | None = None
    ) -> Tensor:
        mixture = self.components()
        eps = self.noise(n, generator=generator)
        return mixture.means[component] + mixture.cholesky[component].diagonal() * eps


def correlation_of_samples(kind: type[GaussianMixture]) -> float:
    """Sampled covariance of a component whose covariance is [[1, .9], [.9, 1]]."""
    prior = build(2, standardize=False, kind=kind)
    cholesky = np.linalg.cholesky([[1.0, 0.9], [0.9, 1.0]])
    with torch.no_grad():
        entries = [np.log(cholesky[0, 0]), cholesky[1, 0], np.log(cholesky[1, 1])]
        prior.factors.copy_(torch.tensor(entries).expand(2, 3))
    z = prior.sample_component(1, 50_000, generator=torch.Generator().manual_seed(0))
    return float(torch.cov(z.detach().T)[0, 1])


def test_components_are_correlated() -> None:
    assert correlation_of_samples(GaussianMixture) == pytest.approx(0.9, abs=0.02)
    assert abs(correlation_of_samples(AxisAligned)) < 0.02


@pytest.mark.parametrize("standardize", [False, True])
def test_samples_have_the_moments_of_the_mixture(standardize: bool) -> None:
    prior = build(standardize=standardize).double()
    sample = prior.sample(200_000, generator=torch.Generator().manual_seed(0))
    assert isinstance(sample, WeightedSamples)
    mean, covariance = moments(sample)
    exact = reference(prior)
    assert torch.allclose(mean, exact.mean, atol=0.02)
    assert torch.allclose(covariance.diagonal(), exact.variance, rtol=0.02)


def test_the_standardised_mixture_has_mean_zero_and_variance_one() -> None:
    exact = reference(build(5, 4, standardize=True).double())
    assert torch.allclose(exact.mean, torch.zeros(4, dtype=torch.float64), atol=1e-12)
    assert exact.variance.mean().item() == pytest.approx(1.0, abs=1e-12)


def test_standardisation_keeps_the_shape_of_the_mixture() -> None:
    free, fixed = build(5, 4).double(), build(5, 4, standardize=True).double()
    before, after = free.components(), fixed.components()
    ratio = torch.pdist(before.means) / torch.pdist(after.means)
    assert torch.allclose(ratio, ratio[0].expand(10))
    assert torch.allclose(before.cholesky, ratio[0] * after.cholesky)


# Fault: weights without a gradient.


class Ancestral(GaussianMixture):
    """The fault: components drawn from the weights, so that samples do not depend on them."""

    def sample(self, n: int, *, generator: torch.Generator | None = None) -> WeightedSamples:
        mixture = self.components()
        k = torch.multinomial(mixture.weights, n, replacement=True, generator=generator)
        eps = self.noise(n, generator=generator)
        z = mixture.means[k] + (mixture.cholesky[k] @ eps[:, :, None])[:, :, 0]
        return WeightedSamples(z, torch.full((n,), 1.0 / n))


def learned_weight(kind: type[GaussianMixture]) -> float:
    """Weight of the component near 0.9 of the data, trained from 0.5 on samples alone."""
    torch.manual_seed(0)
    config = GaussianMixture.Config(num_components=2, standardize=False)
    prior = kind(config, BuildContext.for_shape((4,), 2))
    with torch.no_grad():
        prior.locations.copy_(torch.tensor([[-2.0, 0.0], [2.0, 0.0]]))
    assert torch.equal(prior.components().weights, torch.tensor([0.5, 0.5]))
    divergence = Sinkhorn(Sinkhorn.Config())
    optimizer = torch.optim.Adam(prior.parameters(), lr=0.03)
    generator = torch.Generator().manual_seed(1)
    centres = torch.tensor([[-2.0, 0.5], [2.0, -0.5]])
    for _ in range(250):
        k = (torch.rand(128, generator=generator) > 0.9).long()
        z = centres[k] + 0.5 * torch.randn(128, 2, generator=generator)
        sample = prior.sample(128, generator=generator)
        assert isinstance(sample, WeightedSamples)
        optimizer.zero_grad()
        divergence(Sample(z), Sample(sample.z, sample.weights)).backward()
        optimizer.step()
    mixture = prior.components()
    return mixture.weights[mixture.means[:, 0].argmin()].item()


def test_weights_are_learned_from_samples_alone() -> None:
    assert learned_weight(GaussianMixture) == pytest.approx(0.9, abs=0.05)


def test_ancestral_samples_teach_the_weights_nothing() -> None:
    assert learned_weight(Ancestral) == pytest.approx(0.5, abs=0.05)


# Fault: parameters that no loss reaches.


def without_gradient(prior: GaussianMixture, n: int) -> list[str]:
    """Names of parameters with an entry that no gradient reaches through samples."""
    sample = prior.sample(n, generator=torch.Generator().manual_seed(0))
    assert isinstance(sample, WeightedSamples)
    loss = sample.weights @ (sample.z**3).sum(1) + sample.weights @ sample.z.prod(1)
    gradients = torch.autograd.grad(loss, list(prior.parameters()), allow_unused=True)
    names = [name for name, _ in prior.named_parameters()]
    return [
        name
        for name, gradient in zip(names, gradients, strict=True)
        if gradient is None or (gradient == 0).any()
    ]


class FullMatrix(GaussianMixture):
    """The fault: a parameter whose upper triangle is never read."""

    def __init__(self, config: GaussianMixture.Config, context: BuildContext) -> None:
        super().__init__(config, context)
        k, d = self.num_components, self.latent_dim
        self.matrix = nn.Parameter(torch.eye(d).repeat(k, 1, 1))

    def sample(self, n: int, *, generator: torch.Generator | None = None) -> WeightedSamples:
        sample = super().sample(n, generator=generator)
        z = sample.z @ self.matrix.tril().mean(0)
        return WeightedSamples(z, sample.weights)


@pytest.mark.parametrize("standardize", [False, True])
def test_every_entry_of_every_parameter_gets_a_gradient(standardize: bool) -> None:
    assert without_gradient(build(4, 3, standardize=standardize), 16) == []
    assert without_gradient(build(4, 3, standardize=standardize, kind=FullMatrix), 16) == ["matrix"]


@pytest.mark.parametrize("standardize", [False, True])
def test_density_and_responsibilities_agree_with_torch_distributions(standardize: bool) -> None:
    prior = build(4, 3, standardize=standardize).double()
    z = torch.randn(9, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    exact = reference(prior)
    joint = exact.component_distribution.log_prob(z[:, None]) + prior.components().weights.log()
    assert torch.allclose(prior.log_prob(z), exact.log_prob(z))
    assert torch.allclose(prior.responsibilities(z), joint.softmax(1))


@pytest.mark.parametrize("n", [1, 2, 10])
def test_small_samples_are_unbiased(n: int) -> None:
    prior = build(10, 2).double()
    generator = torch.Generator().manual_seed(0)
    draws = [prior.sample(n, generator=generator) for _ in range(4000)]
    assert all(draw.z.shape == (n, 2) and draw.weights.shape == (n,) for draw in draws[:3])
    means = torch.stack([(draw.weights @ draw.z).detach() for draw in draws])
    error = 4 * means.std(0) / len(means) ** 0.5
    assert ((means.mean(0) - reference(prior).mean).abs() < error).all()


def test_a_large_sample_is_assembled_from_blocks_with_no_row_lost() -> None:
    prior = build(3, 2)
    sample = prior.sample(2500, generator=torch.Generator().manual_seed(0))
    assert sample.z.shape == (2500, 2)
    assert torch.allclose(sample.weights.sum(), torch.tensor(1.0))


def test_a_fit_recovers_the_mixture_of_the_codes() -> None:
    truth = build(3, 2, standardize=False).double()
    with torch.no_grad():
        truth.locations.copy_(10 * torch.tensor([[0.0, 1.0], [1.0, 0.0], [-1.0, -1.0]]) + 5)
    z = reference(truth).sample((20_000,))
    prior = build(3, 2, standardize=False)
    prior.fit(z.float(), seed=0)
    found, exact = prior.components(), truth.components()
    order = torch.cdist(exact.means, found.means.double()).argmin(1)
    assert torch.allclose(found.weights[order].double(), exact.weights, atol=0.02)
    assert torch.allclose(found.means[order].double(), exact.means, atol=0.1)
    ridge = prior.config.fit_regularization * torch.diag(z.var(0))
    assert torch.allclose(found.covariances[order].double(), exact.covariances + ridge, atol=0.02)


def test_a_fit_on_standardised_codes_survives_the_standardisation() -> None:
    z = torch.cat([torch.randn(300, 2) * 0.1 + 1, torch.randn(600, 2) * 0.3 - 1])
    z = (z - z.mean(0)) / z.std(0, unbiased=False)
    free, fixed = build(2, 2, standardize=False), build(2, 2, standardize=True)
    free.fit(z, seed=0)
    fixed.fit(z, seed=0)
    # the ridge of the fit adds its share to the variance, which the standardisation removes
    inflation = (1 + free.config.fit_regularization) ** 0.5
    expected = free.components().means / inflation
    assert torch.allclose(fixed.components().means, expected, atol=1e-3)


def test_a_fit_is_repeatable_and_keeps_the_parameters_that_an_optimiser_holds() -> None:
    z = torch.randn(100, 2, generator=torch.Generator().manual_seed(0))
    prior = build(3, 2)
    held = list(prior.parameters())
    prior.fit(z, seed=1)
    first = [p.detach().clone() for p in held]
    prior.fit(z, seed=1)
    for parameter, before, kept in zip(prior.parameters(), first, held, strict=True):
        assert parameter is kept
        assert torch.equal(parameter, before)


def test_a_constant_coordinate_can_be_fitted() -> None:
    prior = build(2, 2, standardize=False)
    z = torch.randn(50, 2, generator=torch.Generator().manual_seed(0))
    z[:, 1] = 4.0
    prior.fit(z, seed=0)
    assert torch.isfinite(prior.log_prob(z)).all()


def test_errors_say_what_is_allowed() -> None:
    prior = build(3, 2)
    with pytest.raises(ComponentError, match="2 codes cannot be fitted by 3 components"):
        prior.fit(torch.randn(2, 2), seed=0)
    with pytest.raises(ComponentError, match="numbered from 0 to 2"):
        prior.sample_component(3, 5)

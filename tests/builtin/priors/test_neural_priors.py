"""The neural priors: standardised samples, independent of each other, for any n."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn

from gwae_core.builtin.priors import FactorizedNeural, Neural
from gwae_core.context import BuildContext
from gwae_core.interfaces import Prior

KINDS: list[type[Neural] | type[FactorizedNeural]] = [Neural, FactorizedNeural]


def build(kind: type[Prior], latent_dim: int, *, gain: float = 1.0) -> Prior:
    """A prior whose weights are ``gain`` times their start: the higher, the less Gaussian."""
    torch.manual_seed(0)
    prior = kind(kind.Config(), BuildContext.for_shape((4,), latent_dim))
    with torch.no_grad():
        for parameter in prior.parameters():
            parameter.mul_(gain)
    return prior


def draw(prior: Prior, n: int, seed: int = 0) -> Tensor:
    z = prior.sample(n, generator=torch.Generator().manual_seed(seed))
    assert isinstance(z, Tensor)
    return z


class BatchNormalized(Neural):
    """The fault: standardised by its own batch in training, by running moments in evaluation."""

    def __init__(self, config: Neural.Config, context: BuildContext) -> None:
        super().__init__(config, context)
        self.norm = nn.BatchNorm1d(self.latent_dim, affine=False)
        for _ in range(100):
            self.norm(self.network(self.noise(64)))
        # training goes on, and the running moments lag behind
        with torch.no_grad():
            for parameter in self.network.parameters():
                parameter.mul_(1.01)

    def sample(self, n: int, *, generator: torch.Generator | None = None) -> Tensor:
        return self.norm(self.network(self.noise(n, generator=generator)))


@torch.no_grad()
def moment_error(prior: Prior) -> float:
    """Largest error of a coordinate's mean (0) and standard deviation (1), over 2^19 samples."""
    prior.eval()
    generator = torch.Generator().manual_seed(0)
    total = torch.zeros(2, prior.latent_dim, dtype=torch.float64)
    for _ in range(16):
        z = prior.sample(2**15, generator=generator)
        assert isinstance(z, Tensor)
        total += torch.stack([z.double().mean(0), z.double().square().mean(0)]) / 16
    mean, square = total
    return float(torch.cat([mean.abs(), ((square - mean.square()).sqrt() - 1).abs()]).max())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("gain", [1.0, 3.0])
def test_samples_are_standardised_to_one_percent_in_evaluation(
    kind: type[Prior], gain: float
) -> None:
    assert moment_error(build(kind, 16, gain=gain)) <= 1e-2


def test_batch_normalisation_is_not_standardised_in_evaluation() -> None:
    assert moment_error(build(BatchNormalized, 16)) > 2e-2


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_samples_of_64_dimensions_are_standardised_too(kind: type[Prior]) -> None:
    assert moment_error(build(kind, 64)) <= 1e-2
    assert moment_error(build(kind, 64, gain=3.0)) <= 1e-2


def coupling(prior: Prior) -> float:
    """How much one sample changes when the others in its batch do."""
    prior.train()
    noise = torch.randn(8, prior.latent_dim, generator=torch.Generator().manual_seed(0))
    changed = torch.cat([noise[:1], 3 * noise[1:] + 1])
    values = []
    for eps in (noise, changed):
        prior.noise = lambda n, generator=None, eps=eps: eps  # type: ignore[method-assign]
        z = prior.sample(8)
        assert isinstance(z, Tensor)
        values.append(z[0].detach())
    return float((values[0] - values[1]).abs().max())


@pytest.mark.parametrize("kind", KINDS)
def test_samples_do_not_depend_on_each_other(kind: type[Prior]) -> None:
    assert coupling(build(kind, 4)) < 1e-6
    assert coupling(build(BatchNormalized, 4)) > 0.1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("training", [True, False])
def test_one_sample_is_the_first_of_many(kind: type[Prior], training: bool) -> None:
    prior = build(kind, 3).train(training)
    assert torch.isfinite(draw(prior, 1)).all()
    eps = torch.Generator().manual_seed(0)
    parts = torch.cat([prior.sample(1, generator=eps) for _ in range(4)])
    assert torch.allclose(parts, draw(prior, 4), atol=1e-5)


def test_batch_normalisation_fails_for_one_sample() -> None:
    with pytest.raises(ValueError, match="more than 1 value"):
        build(BatchNormalized, 3).train().sample(1)


@pytest.mark.parametrize("kind", KINDS)
def test_coordinates_are_independent_where_they_are_factorised(kind: type[Prior]) -> None:
    with torch.no_grad():
        z = draw(build(kind, 4, gain=3.0).eval(), 100_000)
    # correlation of squares sees dependence that is not linear
    dependence = (torch.corrcoef(z.square().T) - torch.eye(4)).abs().max()
    assert (dependence < 0.02) == (kind is FactorizedNeural)


@pytest.mark.parametrize("kind", KINDS)
def test_every_parameter_gets_a_gradient(kind: type[Prior]) -> None:
    prior = build(kind, 4).train()
    loss = (draw(prior, 32) ** 3).sum() + draw(prior, 32).prod(1).sum()
    for gradient in torch.autograd.grad(loss, list(prior.parameters())):
        assert gradient.abs().max() > 0


@pytest.mark.parametrize("kind", KINDS)
def test_the_gradient_flows_through_the_moments(kind: type[Prior]) -> None:
    """A scale of the last layer changes nothing, so the gradient has no part along it."""
    prior = build(kind, 4).train()
    last = list(prior.parameters())[-1]
    (gradient,) = torch.autograd.grad((draw(prior, 16) ** 3).sum(), last)
    along = (gradient * last).sum().abs() / (gradient.norm() * last.norm())
    assert along < 1e-4


def test_evaluation_moments_follow_the_parameters() -> None:
    prior = build(Neural, 4).eval()
    with torch.inference_mode():
        first = draw(prior, 5)
        assert torch.equal(first, draw(prior, 5))
    with torch.no_grad():
        for parameter in prior.parameters():
            parameter.mul_(2)
    assert moment_error(prior) <= 1e-2
    other = build(Neural, 4, gain=0.5).eval()
    other.load_state_dict(prior.state_dict())
    assert torch.equal(draw(other, 5), draw(prior, 5))
    draw(prior, 5).sum().backward()  # the cache filled under inference mode serves a graph too


def test_without_a_gradient_training_moments_are_computed_once_for_each_state() -> None:
    prior = build(Neural, 4).train()
    calls: list[int] = []
    prior.network.register_forward_hook(lambda _, inputs, __: calls.append(len(inputs[0])))
    with_graph = draw(prior, 5).detach()
    del calls[:]
    with torch.no_grad():
        for _ in range(3):
            assert torch.equal(draw(prior, 5), with_graph)
    assert calls == [1024, 5, 5, 5]
    for changed in (prior, copy.deepcopy(prior)):
        (draw(changed, 16) ** 3).sum().backward()
        torch.optim.SGD(changed.parameters(), lr=0.1).step()
        with torch.no_grad():
            found = draw(changed, 5)
        assert not torch.allclose(found, with_graph)
        torch.testing.assert_close(found, draw(changed, 5).detach(), rtol=0, atol=0)


def test_a_copy_that_was_updated_as_often_has_moments_of_its_own() -> None:
    prior = build(Neural, 4).eval()
    versions = [p._version for p in prior.parameters()]
    draw(prior, 5)
    copied = copy.deepcopy(prior)
    with torch.no_grad():
        for parameter, version in zip(copied.parameters(), versions, strict=True):
            while parameter._version < version:
                parameter.mul_(2)
    assert [p._version for p in copied.parameters()] == versions
    assert moment_error(copied) <= 1e-2


@pytest.mark.parametrize("kind", KINDS)
def test_dtype_follows_the_module_and_state_holds_parameters_alone(kind: type[Prior]) -> None:
    prior = build(kind, 3)
    assert set(prior.state_dict()) == {name for name, _ in prior.named_parameters()}
    assert draw(prior.double().eval(), 2).dtype == torch.float64
    assert torch.isfinite(draw(prior, 2)).all()

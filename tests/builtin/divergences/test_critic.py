"""The critic: its sizes, its loss against brute force, and what may change when."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from gwae_core.builtin.divergences import Critic
from gwae_core.builtin.divergences.critic_gradient import CriticGradient
from gwae_core.builtin.divergences.critic_network import CriticNetwork
from gwae_core.builtin.divergences.spectral_norm import power_iteration, spectral
from gwae_core.context import BuildContext, DataStatistics
from gwae_core.errors import ComponentError
from gwae_core.interfaces import Sample


def build(
    data_shape: tuple[int, ...] = (5,), latent_dim: int = 3, *, latent_scale: float = 1.0
) -> Critic:
    torch.manual_seed(0)
    context = BuildContext.for_shape(data_shape, latent_dim)
    return Critic(Critic.Config(latent_scale=latent_scale), context)


def pairs(
    data_shape: tuple[int, ...] = (5,), latent_dim: int = 3, *, n: int = 8, m: int = 8
) -> tuple[Sample, Sample]:
    generator = torch.Generator().manual_seed(0)

    def draw(rows: int, shift: float) -> Sample:
        z = torch.randn(rows, latent_dim, generator=generator) + shift
        weights = torch.rand(rows, generator=generator).softmax(0)
        return Sample(z, weights, torch.randn(rows, *data_shape, generator=generator) - shift)

    return draw(n, 0.0), draw(m, 1.0)


def count(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def test_the_published_sizes_at_64_by_64() -> None:
    critic = build((3, 64, 64), 64)
    convolutions = [m for m in critic.network.of_x if isinstance(m, torch.nn.Conv2d)]
    assert [c.out_channels for c in convolutions] == [8, 16, 32, 64, 128, 256]
    assert 0.905e6 < count(critic) < 0.915e6


@pytest.mark.parametrize(
    "shape", [(1, 28, 28), (3, 32, 32), (1, 8, 12), (2, 3, 5), (1, 1, 9), (4, 200, 130), (7,)]
)
def test_any_shape_of_data_has_values(shape: tuple[int, ...]) -> None:
    critic = build(shape, 2)
    q, p = pairs(shape, 2, n=3, m=3)
    assert critic.score(q).shape == (3,)
    assert torch.isfinite(critic(q, p))


def test_every_layer_has_spectral_norm_one() -> None:
    critic = build((1, 16, 16), 3)
    for _ in range(200):
        power_iteration(critic.network)
    layers = [m for m in critic.modules() if isinstance(m, torch.nn.Linear | torch.nn.Conv2d)]
    assert len(layers) == 4 + 1 + 3 + 3
    for layer in layers:
        norm = torch.linalg.matrix_norm(layer.weight.flatten(1), ord=2)
        assert norm.item() == pytest.approx(1.0, abs=0.02)


def brute_force(critic: Critic, q: Sample, p: Sample, seed: int) -> Tensor:
    """The critic's loss, pair by pair, with autograd on each pair alone."""
    assert q.x is not None
    assert p.x is not None
    t = torch.rand((len(q.z), 1), generator=torch.Generator().manual_seed(seed))
    k = critic.config.latent_scale
    penalties = []
    for i in range(len(q.z)):
        x = (t[i] * q.x[i] + (1 - t[i]) * p.x[i]).requires_grad_()
        v = (k * (t[i] * q.z[i] + (1 - t[i]) * p.z[i])).requires_grad_()
        f = critic.network(x[None], v[None])
        gradients = torch.autograd.grad(f.sum(), (x, v), create_graph=True)
        penalties.append((torch.cat([g.flatten() for g in gradients]).norm() - 1) ** 2)
    f_q, f_p = critic.score(q), critic.score(p)
    drift = q.mass @ f_q**2 + p.mass @ f_p**2
    gap = p.mass @ f_p - q.mass @ f_q
    return -gap + 10 * (torch.stack(penalties).mean() + 1e-4 * drift)


@pytest.mark.parametrize("latent_scale", [1.0, 4.0])
def test_the_loss_and_its_gradient_are_those_of_brute_force(latent_scale: float) -> None:
    critic = build(latent_scale=latent_scale)
    q, p = pairs()
    terms, _ = critic.critic_losses(q, p, generator=torch.Generator().manual_seed(1))
    ours = torch.stack(list(terms.values())).sum()
    expected = brute_force(critic, q, p, 1)
    assert ours.item() == pytest.approx(expected.item(), rel=1e-5)
    parameters = list(critic.parameters())
    for a, b in zip(
        torch.autograd.grad(ours, parameters),
        torch.autograd.grad(expected, parameters),
        strict=True,
    ):
        assert torch.allclose(a, b, atol=1e-5)


@pytest.mark.parametrize("shape", [(3, 16, 16), (1, 21, 34), (2, 7, 9), (6,)])
def test_the_gradient_and_its_derivative_are_those_of_autograd(shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    network = CriticNetwork(shape, 3, channels=4, width=16, features=5).double()
    x = torch.randn(4, *shape, dtype=torch.float64, requires_grad=True)
    z = torch.randn(4, 3, dtype=torch.float64, requires_grad=True)
    expected = torch.autograd.grad(network(x, z).sum(), (x, z), create_graph=True)
    found = CriticGradient(network)(x.detach(), z.detach())
    parameters = list(network.parameters())
    derivatives = []
    for of_x, of_z in (found, expected):
        norm = (of_x.flatten(1).square().sum(1) + of_z.square().sum(1)).sqrt()
        total = (norm - 1).square().mean()
        derivatives.append(
            torch.autograd.grad(total, parameters, allow_unused=True, materialize_grads=True)
        )
    for a, b in zip((*found, *derivatives[0]), (*expected, *derivatives[1]), strict=True):
        assert torch.allclose(a, b, rtol=1e-9, atol=1e-12)


def test_the_observed_gradients_are_those_with_respect_to_data_and_codes() -> None:
    critic = build(latent_scale=2.0)
    q, _ = pairs()
    _, observed = critic.critic_losses(q, q, generator=torch.Generator().manual_seed(0))
    assert q.x is not None
    x, v = q.x.clone().requires_grad_(), (2.0 * q.z).requires_grad_()
    grad_x, grad_v = torch.autograd.grad(critic.network(x, v).sum(), (x, v))
    assert observed["critic_gradient_x"].item() == pytest.approx(grad_x.norm(dim=1).mean().item())
    assert observed["critic_gradient_z"].item() == pytest.approx(grad_v.norm(dim=1).mean().item())
    assert not any(value.requires_grad for value in observed.values())


def test_every_parameter_of_the_critic_gets_a_gradient() -> None:
    critic = build((1, 8, 8))
    terms, _ = critic.critic_losses(*pairs((1, 8, 8)))
    total = torch.stack(list(terms.values())).sum()
    for gradient in torch.autograd.grad(total, list(critic.parameters())):
        assert gradient.abs().max() > 0


def test_the_model_gets_gradients_and_the_critic_none() -> None:
    critic = build()
    q, p = pairs()
    q = Sample(q.z.requires_grad_(), q.weights, q.x)
    p = Sample(p.z.requires_grad_(), p.weights, p.x.requires_grad_() if p.x is not None else None)
    assert p.x is not None
    critic(q, p).backward()
    assert all(t.grad is not None and t.grad.abs().max() > 0 for t in (q.z, p.z, p.x))
    assert all(parameter.grad is None for parameter in critic.parameters())


def test_the_critic_step_sends_no_gradient_to_the_samples() -> None:
    critic = build()
    q, p = pairs()
    q.z.requires_grad_()
    terms, _ = critic.critic_losses(q, p)
    torch.stack(list(terms.values())).sum().backward()
    assert q.z.grad is None


def iterations(action: str) -> int:
    """How often the first layer's singular vector moved in one action."""
    critic = build()
    norm = critic.network.of_z[0].parametrizations.weight[0]  # type: ignore[union-attr,index]
    calls = 0
    original = norm.iterate

    def counted(weight: Tensor) -> None:
        nonlocal calls
        calls += 1
        original(weight)

    norm.iterate = counted
    q, p = pairs()
    match action:
        case "critic":
            critic.train().critic_losses(q, p)
        case "model":
            critic.train()(q, p)
        case "score":
            critic.train().score(q)
    return calls


def test_the_power_iteration_advances_once_a_critic_step_and_nowhere_else() -> None:
    assert [iterations(action) for action in ("critic", "model", "score")] == [1, 0, 0]


def moves(layer: torch.nn.Module) -> bool:
    """Whether a forward pass in training changes the layer's state."""
    before = {name: value.clone() for name, value in layer.state_dict().items()}
    layer.train()(torch.randn(4, 6, generator=torch.Generator().manual_seed(0)))
    return any(not torch.equal(value, before[name]) for name, value in layer.state_dict().items())


def test_a_forward_pass_changes_nothing_unlike_torch_s_spectral_norm() -> None:
    torch.manual_seed(0)
    assert not moves(spectral(torch.nn.Linear(6, 5)))
    assert moves(torch.nn.utils.parametrizations.spectral_norm(torch.nn.Linear(6, 5)))


def test_evaluation_runs_under_inference_mode_and_leaves_the_state_alone() -> None:
    critic = build().eval()
    q, p = pairs(n=6, m=9)
    before = {name: value.clone() for name, value in critic.state_dict().items()}
    with torch.inference_mode():
        value, score = critic(q, p), critic.score(p)
    assert torch.isfinite(value)
    assert score.shape == (9,)
    for name, tensor in critic.state_dict().items():
        assert torch.equal(tensor, before[name])
    terms, _ = critic.critic_losses(q, p)
    assert all(torch.isfinite(term) for term in terms.values())


def test_the_penalty_needs_no_graph_and_is_the_same_without() -> None:
    found = []
    for mode in (torch.enable_grad, torch.inference_mode):
        critic = build()
        with mode():
            terms, _ = critic.critic_losses(*pairs(), generator=torch.Generator().manual_seed(0))
        found.append({name: term.item() for name, term in terms.items()})
    assert found[0] == found[1]


def test_data_are_standardised_by_the_training_moments() -> None:
    x = 100 + 7 * torch.randn(50, 5, generator=torch.Generator().manual_seed(0))
    torch.manual_seed(0)
    raw = Critic(Critic.Config(), BuildContext.for_data(x, 3))
    statistics = DataStatistics.of(x)
    q, _ = pairs(n=50)
    standard = (x - statistics.mean) / statistics.scale
    assert torch.allclose(
        raw.score(Sample(q.z, None, x)), build().score(Sample(q.z, None, standard)), atol=1e-5
    )


def test_a_larger_latent_scale_lets_the_critic_see_more_of_the_codes() -> None:
    def share(latent_scale: float) -> float:
        critic = build((20,), 2, latent_scale=latent_scale)
        z = torch.randn(32, 2, generator=torch.Generator().manual_seed(0)).requires_grad_()
        x = torch.randn(32, 20, generator=torch.Generator().manual_seed(1)).requires_grad_()
        f = critic.score(Sample(z, None, x)).sum()
        grad_z, grad_x = torch.autograd.grad(f, (z, x))
        return (grad_z.norm() / grad_x.norm()).item()

    assert share(8.0) > 4 * share(1.0)


def test_the_trained_critic_estimates_a_positive_divergence() -> None:
    torch.manual_seed(0)
    critic = build((2,), 2)
    optimizer = torch.optim.Adam(critic.parameters(), lr=1e-3)
    generator = torch.Generator().manual_seed(0)

    def batch(shift: float) -> Sample:
        z = torch.randn(64, 2, generator=generator)
        return Sample(z + shift, None, z + 0.1 * torch.randn(64, 2, generator=generator))

    for _ in range(60):
        terms, _ = critic.critic_losses(batch(0.0), batch(2.0), generator=generator)
        optimizer.zero_grad()
        torch.stack(list(terms.values())).sum().backward()
        optimizer.step()
    with torch.inference_mode():
        apart, alike = critic(batch(0.0), batch(2.0)), critic(batch(0.0), batch(0.0))
    assert apart > 0.3
    assert alike.abs() < 0.3 * apart


def test_steps_and_rate_come_from_the_configuration() -> None:
    critic = Critic(Critic.Config(learning_rate=1e-4), BuildContext.for_shape((5,), 3))
    assert (critic.critic_steps, critic.learning_rate) == (5, 1e-4)
    assert build().learning_rate is None


def test_the_state_survives_a_round_trip() -> None:
    critic, other = build(), build()
    for _ in range(3):
        critic.critic_losses(*pairs())
    other.load_state_dict(critic.state_dict())
    q, _ = pairs()
    assert torch.equal(other.score(q), critic.score(q))


def test_codes_without_data_are_refused() -> None:
    q, p = pairs()
    with pytest.raises(ComponentError, match="got codes alone"):
        build()(Sample(q.z), p)

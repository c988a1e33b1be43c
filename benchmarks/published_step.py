"""The published training step, transcribed: what benchmarks/training_step.py compares with.

The algorithm is that of the published code: differences of all pairs in B x B x D, every critic
step with graphs of encoder, decoder and prior which nothing uses, and the gradient penalty by
differentiating a backward pass. The mathematics is that of gwae-core, of a model whose parts are
used here as they are: pairs i != j, its prior, its bounds, one power iteration a critic step.
Random numbers are drawn in the same order, so that losses and gradients can be compared.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from gwae_core.builtin.divergences.spectral_norm import power_iteration
from gwae_core.interfaces import Sample


def all_differences(x: Tensor) -> Tensor:
    """Euclidean distances (n, n) of rows (n, D), by their n x n x D differences."""
    squared = (x[:, None] - x[None]).square().sum(-1)
    apart = ~torch.eye(len(x), dtype=torch.bool, device=x.device)
    return torch.where(apart, torch.where(apart, squared, 1.0).sqrt(), 0.0)


def samples(model: Any, x: Tensor, generator: torch.Generator) -> tuple[Tensor, ...]:
    """z~, g(z~), z and g(z), and the posterior's log variance: all with their graphs."""
    posterior = model.encode(x)
    z_tilde = posterior.rsample(generator)
    x_tilde = model.decode(z_tilde)
    z = model.prior.sample(len(x), generator=generator)
    x_hat = model.decode(z)
    return z_tilde, x_tilde, z, x_hat, posterior.log_variance


def weights(model: Any) -> dict[str, float]:
    """Weights of the terms."""
    return {name: float(value) for name, value in model.config.weights.model_dump().items()}


def pair_inputs(model: Any, x: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
    """What the critic sees of pairs."""
    critic = model.divergence
    return (x - critic.mean) / critic.scale, critic.config.latent_scale * z


def critic_losses(model: Any, x: Tensor, generator: torch.Generator) -> dict[str, Tensor]:
    """The critic's terms, from a forward pass of the whole model."""
    critic, config = model.divergence, model.divergence.config
    z_tilde, _, z, x_hat, _ = samples(model, x, generator)
    power_iteration(critic.network)
    u_q, v_q = pair_inputs(model, x, z_tilde.detach())
    u_p, v_p = pair_inputs(model, x_hat.detach(), z.detach())
    of_q, of_p = critic.network(u_q, v_q), critic.network(u_p, v_p)
    t = torch.rand((len(x), 1), generator=generator, device=x.device, dtype=x.dtype)
    t_u = t[:, :, None, None]
    u_t = (t_u * u_q + (1 - t_u) * u_p).requires_grad_()
    v_t = (t * v_q + (1 - t) * v_p).requires_grad_()
    gradients = torch.autograd.grad(critic.network(u_t, v_t).sum(), (u_t, v_t), create_graph=True)
    norm = torch.cat([g.flatten(1) for g in gradients], dim=1).norm(dim=1)
    squares = of_q.square().mean() + of_p.square().mean()
    return {
        "critic": of_q.mean() - of_p.mean(),
        "gradient_penalty": config.gradient_penalty * (norm - 1).square().mean(),
        "drift": config.gradient_penalty * config.drift * squares,
    }


def model_losses(model: Any, x: Tensor, generator: torch.Generator) -> dict[str, Tensor]:
    """The terms of encoder, decoder and prior, weighted; gradients reach the critic too."""
    weight = weights(model)
    z_tilde, x_tilde, z, x_hat, log_variance = samples(model, x, generator)
    n = len(x)
    code_scale = model.gw.scale / z.std(0, unbiased=False).mean()
    difference = all_differences(x_hat.flatten(1)) - all_differences(code_scale * z)
    if model.divergence.joint:
        network = model.divergence.network
        of_q, of_p = (
            network(*pair_inputs(model, x, z_tilde)),
            network(*pair_inputs(model, x_hat, z)),
        )
        divergence = of_p.mean() - of_q.mean()
    else:
        divergence = model.divergence(Sample(z_tilde), Sample(z), generator=generator)
    terms = {
        "reconstruction": 0.5 * (x_tilde - x).square().flatten(1).sum(1).mean(),
        "gw": difference.abs().sum() / (n * (n - 1)),
        "divergence": divergence,
        "entropy": -log_variance.sum(1).mean(),
    }
    return {name: weight[name] * term for name, term in terms.items()}


class PublishedStep:
    """Trains a model by the published algorithm.

    Args:
        model: A GWAE objective with the estimator paired, ``scaling: paper``.
        learning_rate: Of RMSprop for everything.
        gradient_clip: Largest gradient norm of the critic, and of all else.
    """

    def __init__(self, model: Any, *, learning_rate: float, gradient_clip: float) -> None:
        self.model, self.clip = model, gradient_clip
        own = {id(p) for p in model.divergence.parameters()}
        self.critic = list(model.divergence.parameters())
        self.main = [p for p in model.parameters() if id(p) not in own]
        self.optimizers = {
            name: torch.optim.RMSprop(parameters, lr=learning_rate)
            for name, parameters in (("critic", self.critic), ("main", self.main))
            if parameters
        }

    def __call__(self, x: Tensor, generator: torch.Generator) -> None:
        """One step: the critic's five, then the model's."""
        if self.critic:
            for _ in range(self.model.divergence.critic_steps):
                self._update("critic", critic_losses(self.model, x, generator))
        self._update("main", model_losses(self.model, x, generator))

    def _update(self, name: str, terms: dict[str, Tensor]) -> None:
        for optimizer in self.optimizers.values():
            optimizer.zero_grad()
        torch.stack(list(terms.values())).sum().backward()
        torch.nn.utils.clip_grad_norm_(getattr(self, name), self.clip)
        self.optimizers[name].step()

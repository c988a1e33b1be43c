"""The absolute error."""

import torch
from torch.distributions import Laplace

from gwae_core.builtin.reconstructions import L1


def test_the_loss_is_the_laplace_likelihood_up_to_its_constant() -> None:
    params, x = torch.randn(7, 3, 4), torch.randn(7, 3, 4)
    likelihood = Laplace(params, 1.0).log_prob(x).flatten(1).sum(1)
    expected = -likelihood - 12 * torch.log(torch.tensor(2.0))
    loss = L1(L1.Config())
    assert torch.allclose(loss.loss(params, x), expected, atol=1e-5)
    assert torch.equal(loss.mean(params), params)


def test_the_best_constant_is_the_median() -> None:
    x = torch.tensor([[0.0], [1.0], [2.0], [3.0], [100.0]])
    candidates = torch.linspace(0, 100, 1001)
    loss = L1(L1.Config())
    values = torch.stack([loss.loss(c.expand(5, 1), x).sum() for c in candidates])
    assert candidates[values.argmin()].item() == 2.0

from __future__ import annotations

import pytest
import torch
from torch.distributions import Bernoulli as TorchBernoulli

from gwae_core.builtin.reconstructions import Bernoulli
from gwae_core.errors import DataError


def test_negative_log_likelihood_of_binary_data() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = 3 * torch.randn(5, 2, 4, generator=generator)
    x = torch.rand(5, 2, 4, generator=generator).round()
    loss = Bernoulli(Bernoulli.Config()).loss(logits, x)
    expected = -TorchBernoulli(logits=logits).log_prob(x).sum((1, 2))
    torch.testing.assert_close(loss, expected)


def test_grey_values_are_fitted_by_their_logit() -> None:
    x = torch.tensor([[0.1, 0.5, 0.9]], dtype=torch.float64)
    logits = torch.logit(x).requires_grad_()
    reconstruction = Bernoulli(Bernoulli.Config())
    reconstruction.loss(logits, x).sum().backward()
    torch.testing.assert_close(logits.grad, torch.zeros_like(x))
    torch.testing.assert_close(reconstruction.mean(logits), x)


def test_large_logits_stay_finite() -> None:
    logits = torch.tensor([[1e4, -1e4]], requires_grad=True)
    loss = Bernoulli(Bernoulli.Config()).loss(logits, torch.tensor([[0.0, 1.0]]))
    loss.sum().backward()
    assert loss.item() == pytest.approx(2e4)
    assert torch.isfinite(logits.grad).all()


@pytest.mark.parametrize("interval", [(-0.1, 1), (0, 255), (float("nan"), float("nan"))])
def test_data_outside_the_unit_interval_are_refused(interval: tuple[float, float]) -> None:
    with pytest.raises(DataError, match=r"needs data in \[0, 1\]"):
        Bernoulli(Bernoulli.Config()).check_data(*interval)


def test_data_in_the_unit_interval_are_taken() -> None:
    Bernoulli(Bernoulli.Config()).check_data(0.0, 1.0)

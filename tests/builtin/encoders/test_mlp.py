from __future__ import annotations

import pytest
import torch
from pydantic import ValidationError

from gwae_core.builtin.encoders import MLPEncoder
from gwae_core.context import BuildContext
from gwae_core.errors import ComponentError
from gwae_core.posteriors import DeterministicPosterior, GaussianPosterior


def images(n: int = 50) -> torch.Tensor:
    return torch.rand(n, 3, 5, 4, generator=torch.Generator().manual_seed(0))


def build(latent_dim: int = 6, **fields: object) -> MLPEncoder:
    context = BuildContext.for_data(images(), latent_dim)
    return MLPEncoder(MLPEncoder.Config.model_validate(fields), context)


def test_gaussian_by_default() -> None:
    posterior = build()(images(7))
    assert isinstance(posterior, GaussianPosterior)
    assert posterior.mean.shape == posterior.log_variance.shape == (7, 6)
    assert posterior.rsample(torch.Generator().manual_seed(0)).shape == (7, 6)


def test_deterministic_has_no_variance_head() -> None:
    encoder = build(posterior="deterministic")
    assert isinstance(encoder(images(7)), DeterministicPosterior)
    assert not any("log_variance" in name for name, _ in encoder.named_parameters())


def test_layers() -> None:
    count = sum(p.numel() for p in build(hidden=[10, 20]).parameters())
    assert count == (60 * 10 + 10) + (10 * 20 + 20) + 2 * (20 * 6 + 6)


def test_without_hidden_layers_it_is_linear_in_the_data() -> None:
    encoder = build(hidden=())
    x, y = images(8)[:4], images(8)[4:]
    middle = encoder((x + y) / 2).mean
    torch.testing.assert_close(middle, (encoder(x).mean + encoder(y).mean) / 2)


def test_standardised_input_makes_units_irrelevant() -> None:
    x = images()
    outputs = []
    for data in (x, 255 * x + 40):
        torch.manual_seed(0)
        outputs.append(MLPEncoder(MLPEncoder.Config(), BuildContext.for_data(data, 6))(data).mean)
    torch.testing.assert_close(outputs[0], outputs[1], rtol=1e-3, atol=1e-4)


def test_logit_needs_data_in_the_unit_interval() -> None:
    config = MLPEncoder.Config(input="logit")
    with pytest.raises(ComponentError, match=r"needs data in \[0, 1\].*\[.*, 2\]"):
        MLPEncoder(config, BuildContext.for_data(torch.linspace(0, 2, 8).reshape(4, 2), 3))
    MLPEncoder(config, BuildContext.for_shape((4,), 3))  # without data, as when a model is loaded


def test_black_and_white_stay_finite_under_the_logit() -> None:
    x = torch.tensor([[0.0, 1.0, 0.5, 0.0]])
    context = BuildContext.for_data(x.repeat(3, 1), 3)
    h = MLPEncoder(MLPEncoder.Config(input="logit"), context).input(x)
    torch.testing.assert_close(
        h, torch.tensor([[-6.9068, 6.9068, 0.0, -6.9068]]), atol=1e-3, rtol=0
    )


def test_log_variance_stays_within_its_bounds_whatever_the_input() -> None:
    encoder = build(log_variance=[-3, 1], input="none")
    log_variance = encoder(1e8 * (images() - 0.5)).log_variance
    assert log_variance.min() >= -3 and log_variance.max() <= 1
    assert log_variance.min() < -2.9 and log_variance.max() > 0.9


@pytest.mark.parametrize(
    "fields",
    [{"hidden": [0]}, {"hidden": [-3]}, {"log_variance": [2, -8]}, {"posterior": "laplace"}],
)
def test_bad_parameters_are_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        MLPEncoder.Config.model_validate(fields)


def test_it_needs_a_context() -> None:
    with pytest.raises(ComponentError, match="MLPEncoder needs a build context"):
        MLPEncoder(MLPEncoder.Config())


def test_log1p_is_for_data_that_are_not_negative() -> None:
    x = torch.tensor([[0.0, 9.0], [3.0, 1.0]])
    context = BuildContext.for_data(x, 1)
    encoder = MLPEncoder(MLPEncoder.Config(input="log1p"), context)
    assert torch.equal(encoder.input(x), torch.log1p(x))
    with pytest.raises(ComponentError, match="not negative; the training data begin at -1"):
        MLPEncoder(MLPEncoder.Config(input="log1p"), BuildContext.for_data(x - 1, 1))

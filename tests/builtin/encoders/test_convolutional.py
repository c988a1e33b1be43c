from __future__ import annotations

import pytest
import torch
from pydantic import ValidationError

from gwae_core.builtin.encoders import ConvolutionalEncoder
from gwae_core.context import BuildContext
from gwae_core.errors import ComponentError


def build(shape: tuple[int, ...], latent_dim: int = 5, **fields: object) -> ConvolutionalEncoder:
    config = ConvolutionalEncoder.Config.model_validate(fields)
    return ConvolutionalEncoder(config, BuildContext.for_shape(shape, latent_dim))


@pytest.mark.parametrize("shape", [(1, 8, 8), (1, 28, 28), (4, 25, 25), (2, 9, 31), (3, 64, 64)])
def test_any_image_of_sides_from_8(shape: tuple[int, ...]) -> None:
    posterior = build(shape)(torch.rand(2, *shape, generator=torch.Generator().manual_seed(0)))
    assert posterior.mean.shape == posterior.log_variance.shape == (2, 5)


def test_published_size() -> None:
    encoder = build((3, 64, 64), 64)
    weights = {name: tuple(p.shape) for name, p in encoder.named_parameters() if "weight" in name}
    assert list(weights.values()) == [
        (32, 3, 4, 4),
        (64, 32, 4, 4),
        (128, 64, 4, 4),
        (256, 128, 4, 4),
        (256, 4096),
        (64, 256),
        (64, 256),
    ]
    assert [type(layer).__name__ for layer in encoder.stages] == ["Conv2d", "SiLU"] * 4
    assert [type(layer).__name__ for layer in encoder.hidden] == ["Linear", "SiLU"]
    assert sum(p.numel() for p in encoder.parameters()) == 1_771_872  # published: about 1.77 M


def test_channels_and_hidden_width() -> None:
    encoder = build((1, 28, 28), channels=[3, 4, 5], hidden=7)
    count = sum(p.numel() for p in encoder.parameters())
    stages = (1 * 3 + 3 * 4 + 4 * 5) * 16 + 3 + 4 + 5
    assert count == stages + (5 * 9 * 7 + 7) + 2 * (7 * 5 + 5)


def test_refusals() -> None:
    with pytest.raises(ComponentError, match=r"got data of shape \(64,\)"):
        build((64,))
    with pytest.raises(ComponentError, match="can be halved 3 times"):
        build((1, 8, 8), channels=[8] * 4)
    for fields in ({"channels": []}, {"channels": [0]}, {"hidden": 0}):
        with pytest.raises(ValidationError):
            ConvolutionalEncoder.Config.model_validate(fields)

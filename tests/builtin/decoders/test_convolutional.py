from __future__ import annotations

import pytest
import torch

from gwae_core.builtin.decoders import ConvolutionalDecoder
from gwae_core.context import BuildContext
from gwae_core.errors import ComponentError


def build(shape: tuple[int, ...], latent_dim: int = 5, **fields: object) -> ConvolutionalDecoder:
    config = ConvolutionalDecoder.Config.model_validate(fields)
    return ConvolutionalDecoder(config, BuildContext.for_shape(shape, latent_dim))


@pytest.mark.parametrize("shape", [(1, 8, 8), (1, 28, 28), (4, 25, 25), (2, 9, 31), (3, 64, 64)])
def test_any_image_of_sides_from_8(shape: tuple[int, ...]) -> None:
    z = torch.randn(2, 5, generator=torch.Generator().manual_seed(0))
    assert build(shape)(z).shape == (2, *shape)


def test_published_size() -> None:
    decoder = build((3, 64, 64), 64)
    weights = [tuple(p.shape) for name, p in decoder.named_parameters() if "weight" in name]
    assert weights == [
        (256, 64),
        (4096, 256),
        (256, 128, 4, 4),
        (128, 64, 4, 4),
        (64, 32, 4, 4),
        (32, 3, 4, 4),
    ]
    assert [type(layer).__name__ for layer in decoder.hidden] == ["Linear", "SiLU", "Linear"]
    assert [type(layer).__name__ for layer in decoder.stages] == ["SiLU", "UpConvolution"] * 4
    assert sum(p.numel() for p in decoder.parameters()) == 1_759_203  # published: about 1.76 M


def test_channels_follow_the_output_that_the_reconstruction_asks_for() -> None:
    context = BuildContext.for_shape((1, 8, 8), 5).with_output_shape((2, 8, 8))
    decoder = ConvolutionalDecoder(ConvolutionalDecoder.Config(), context)
    assert decoder(torch.zeros(3, 5)).shape == (3, 2, 8, 8)


def test_other_data_are_refused() -> None:
    with pytest.raises(ComponentError, match=r"got data of shape \(64,\)"):
        build((64,))

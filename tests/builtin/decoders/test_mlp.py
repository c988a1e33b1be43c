from __future__ import annotations

import pytest
import torch
from pydantic import ValidationError

from gwae_core.builtin.decoders import MLPDecoder
from gwae_core.builtin.reconstructions import Bernoulli, SquaredError
from gwae_core.context import BuildContext
from gwae_core.errors import ComponentError
from gwae_core.interfaces import Reconstruction

DATA = torch.rand(200, 2, 3, 3, generator=torch.Generator().manual_seed(0)).square()


def build(context: BuildContext | None = None, **fields: object) -> MLPDecoder:
    context = context or BuildContext.for_data(DATA, 5)
    return MLPDecoder(MLPDecoder.Config.model_validate(fields), context)


def codes(n: int = 7) -> torch.Tensor:
    return torch.randn(n, 5, generator=torch.Generator().manual_seed(1))


def test_shape_and_layers() -> None:
    decoder = build(hidden=[10, 20])
    assert decoder(codes()).shape == (7, 2, 3, 3)
    count = sum(p.numel() for p in decoder.parameters())
    assert count == (5 * 10 + 10) + (10 * 20 + 20) + (20 * 18 + 18)


def test_the_network_works_in_standardised_units() -> None:
    decoder = build()
    torch.nn.init.zeros_(decoder.last.weight)
    torch.nn.init.ones_(decoder.last.bias)
    statistics = BuildContext.for_data(DATA, 5).statistics
    expected = (statistics.mean + statistics.scale).expand(7, 2, 3, 3)
    torch.testing.assert_close(decoder(codes()), expected)


def test_sigmoid_stays_in_the_unit_interval() -> None:
    y = build(output="sigmoid")(100 * codes())
    assert y.min() >= 0 and y.max() <= 1
    with pytest.raises(ComponentError, match=r"sigmoid` needs data in \[0, 1\]"):
        build(BuildContext.for_data(2 * DATA, 5), output="sigmoid")


def with_reconstruction(reconstruction: Reconstruction) -> BuildContext:
    return BuildContext.for_data(DATA, 5).with_parts(reconstruction=reconstruction)


@pytest.mark.parametrize("output", ["auto", "raw"])
def test_bernoulli_gets_the_network_itself_as_logits(output: str) -> None:
    context = with_reconstruction(Bernoulli(Bernoulli.Config()))
    decoder = build(context, output=output)
    assert isinstance(decoder.output, torch.nn.Identity)


@pytest.mark.parametrize("output", ["linear", "sigmoid"])
def test_a_link_is_not_applied_twice(output: str) -> None:
    with pytest.raises(ComponentError, match=f"output: {output}"):
        build(with_reconstruction(Bernoulli(Bernoulli.Config())), output=output)


def test_auto_is_linear_for_the_squared_error_and_without_a_reconstruction() -> None:
    torch.manual_seed(0)
    linear = build(output="linear")
    for context in (None, with_reconstruction(SquaredError(SquaredError.Config()))):
        torch.manual_seed(0)
        torch.testing.assert_close(build(context)(codes()), linear(codes()))


def test_further_parameters_are_left_to_the_reconstruction() -> None:
    context = BuildContext.for_data(DATA, 5).with_output_shape((4, 3, 3))
    decoder = build(context)
    assert decoder(codes()).shape == (7, 4, 3, 3)
    assert isinstance(decoder.output, torch.nn.Identity)


def test_bad_parameters_are_refused() -> None:
    for fields in ({"hidden": [0]}, {"output": "tanh"}, {"widths": [3]}):
        with pytest.raises(ValidationError):
            MLPDecoder.Config.model_validate(fields)
    with pytest.raises(ComponentError, match="MLPDecoder needs a build context"):
        MLPDecoder(MLPDecoder.Config())

"""What a decoder does to the output of its network, so that the reconstruction can read it."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from gwae_core.builtin.encoders.inputs import Moments, require_unit_interval
from gwae_core.context import BuildContext
from gwae_core.errors import ComponentError
from gwae_core.interfaces import Decoder, Reconstruction


class OutputConfig(Decoder.Config):
    """Parameters that decoders share."""

    output: Literal["auto", "linear", "sigmoid", "raw"] = "auto"
    """Last step: ``linear`` is mean + scale * network, in the units of the data; ``sigmoid`` is for
    data in [0, 1]; ``raw`` is the network itself, for a reconstruction that reads logits or other
    parameters; ``auto`` is ``linear`` where the reconstruction reads data, else ``raw``."""


class Destandardize(Moments):
    """mean + scale * y: the network works in standardised units."""

    def forward(self, y: Tensor) -> Tensor:
        """Map network outputs (n, *data_shape) to the units of the data."""
        return self.mean + self.scale * y


def output_transform(config: OutputConfig, context: BuildContext) -> nn.Module:
    """The last step of a decoder.

    Raises:
        ComponentError: The step yields data where the reconstruction reads other parameters, or
            ``sigmoid`` where the training data leave [0, 1].
    """
    reads_data = _reads_data(context)
    if config.output in ("linear", "sigmoid") and not reads_data:
        raise ComponentError(
            f"`output: {config.output}` gives data, but the reconstruction reads parameters of "
            f"shape {context.output_shape} that it turns into data itself",
            hint="set `output: auto`, or take the squared-error reconstruction",
        )
    if config.output == "sigmoid":
        require_unit_interval(context, "output: sigmoid", "output: linear")
        return nn.Sigmoid()
    if config.output == "raw" or not reads_data:
        return nn.Identity()
    return Destandardize(context)


def _reads_data(context: BuildContext) -> bool:
    """Whether the reconstruction takes the decoder's output for the expected data themselves."""
    if context.output_shape != context.data_shape:
        return False
    reconstruction = context.parts.get("reconstruction")
    if not isinstance(reconstruction, Reconstruction):
        return True
    # No link function but the identity leaves all these values where they are.
    probe = torch.linspace(0.1, 0.9, context.num_features).reshape(1, *context.data_shape)
    with torch.no_grad():
        expected = reconstruction.mean(probe)
    return expected.shape == probe.shape and torch.allclose(expected, probe)

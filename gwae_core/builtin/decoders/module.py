"""A decoder of the user's own, by its import path."""

from __future__ import annotations

from typing import Literal

from torch import Tensor

from gwae_core.builtin.imported import ImportedConfig, imported_module
from gwae_core.context import BuildContext, require
from gwae_core.interfaces import Decoder


class ModuleDecoder(Decoder):
    """Your own torch module as the decoder, by its import path.

    It maps codes (n, d) to what the reconstruction reads, which for most is the data
    (n, *data_shape) in their own units. It is imported only where the user allows it:
    `--allow-import` on the command line, ``allow_import=True`` in Python.

    Source: code of your own.
    """

    class Config(ImportedConfig, Decoder.Config):
        """Which class, and its arguments."""

        type: Literal["module"] = "module"

    config: Config

    def __init__(self, config: Config, context: BuildContext | None = None) -> None:
        super().__init__(config, context)
        self.network = imported_module(config, require(context, self))

    def forward(self, z: Tensor) -> Tensor:
        """Decode codes (n, d): (n, *output_shape)."""
        params: Tensor = self.network(z)
        return params

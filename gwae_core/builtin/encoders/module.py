"""An encoder of the user's own, by its import path."""

from __future__ import annotations

from typing import Literal

from torch import Tensor

from gwae_core.builtin.imported import ImportedConfig, imported_module
from gwae_core.context import BuildContext, require
from gwae_core.interfaces import Encoder, Posterior
from gwae_core.posteriors import as_posterior


class ModuleEncoder(Encoder):
    """Your own torch module as the encoder, by its import path.

    It maps data (n, *data_shape) to codes (n, d), to a pair (mean, log variance), or to a
    posterior. It is imported only where the user allows it: `--allow-import` on the command line,
    ``allow_import=True`` in Python. An object that is there already needs no import path:
    ``run(config, parts={"encoder": module})``.

    Source: code of your own.
    """

    class Config(ImportedConfig, Encoder.Config):
        """Which class, and its arguments."""

        type: Literal["module"] = "module"

    config: Config

    def __init__(self, config: Config, context: BuildContext | None = None) -> None:
        super().__init__(config, context)
        self.network = imported_module(config, require(context, self))

    def forward(self, x: Tensor) -> Posterior:
        """Encode data (n, *data_shape)."""
        return as_posterior(self.network(x))

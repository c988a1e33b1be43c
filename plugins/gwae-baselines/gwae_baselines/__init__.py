"""Autoencoders that a GWAE is compared with, as objectives of gwae-core."""

from __future__ import annotations

from gwae_baselines.beta_tcvae import BetaTCVAE
from gwae_baselines.dip_vae import DIPVAE
from gwae_baselines.discriminator import Discriminator
from gwae_baselines.factor_vae import FactorVAE
from gwae_baselines.geco import GECO
from gwae_baselines.info_vae import InfoVAE
from gwae_baselines.rae import RAE
from gwae_baselines.sigma_vae import SigmaVAE
from gwae_baselines.wae import WAE
from gwae_core import hookimpl
from gwae_core.components import Component

__version__ = "0.1.0"
__all__ = [
    "DIPVAE",
    "GECO",
    "RAE",
    "WAE",
    "BetaTCVAE",
    "Discriminator",
    "FactorVAE",
    "InfoVAE",
    "SigmaVAE",
    "gwae_components",
]


@hookimpl
def gwae_components() -> list[type[Component]]:
    """The components of this plugin."""
    return [
        BetaTCVAE,
        DIPVAE,
        Discriminator,
        FactorVAE,
        GECO,
        InfoVAE,
        RAE,
        SigmaVAE,
        WAE,
    ]

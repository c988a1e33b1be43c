"""Autoencoders that a GWAE is compared with, as objectives of gwae-core."""

from __future__ import annotations

from gwae_baselines.ali import ALI
from gwae_baselines.avb import AVB
from gwae_baselines.beta_tcvae import BetaTCVAE
from gwae_baselines.dagmm import DAGMM
from gwae_baselines.dip_vae import DIPVAE
from gwae_baselines.discriminator import Discriminator
from gwae_baselines.factor_vae import FactorVAE
from gwae_baselines.gaussian import Gaussian
from gwae_baselines.geco import GECO
from gwae_baselines.gromov_monge_vae import GromovMongeVAE
from gwae_baselines.implicit import ImplicitEncoder
from gwae_baselines.info_vae import InfoVAE
from gwae_baselines.isometric_ae import IsometricAE
from gwae_baselines.ladder_vae import LadderVAE
from gwae_baselines.pair_discriminator import PairDiscriminator
from gwae_baselines.rae import RAE
from gwae_baselines.sigma_vae import SigmaVAE
from gwae_baselines.two_stage_vae import TwoStageVAE
from gwae_baselines.vade import VaDE
from gwae_baselines.vae_gan import VAEGAN
from gwae_baselines.vlae import VLAE
from gwae_baselines.wae import WAE
from gwae_core import hookimpl
from gwae_core.components import Component

__version__ = "0.1.0"
__all__ = [
    "ALI",
    "AVB",
    "DAGMM",
    "DIPVAE",
    "GECO",
    "RAE",
    "VAEGAN",
    "VLAE",
    "WAE",
    "BetaTCVAE",
    "Discriminator",
    "FactorVAE",
    "Gaussian",
    "GromovMongeVAE",
    "ImplicitEncoder",
    "InfoVAE",
    "IsometricAE",
    "LadderVAE",
    "PairDiscriminator",
    "SigmaVAE",
    "TwoStageVAE",
    "VaDE",
    "gwae_components",
]


@hookimpl
def gwae_components() -> list[type[Component]]:
    """The components of this plugin."""
    return [
        ALI,
        AVB,
        BetaTCVAE,
        DAGMM,
        DIPVAE,
        Discriminator,
        FactorVAE,
        Gaussian,
        GECO,
        GromovMongeVAE,
        ImplicitEncoder,
        InfoVAE,
        IsometricAE,
        LadderVAE,
        PairDiscriminator,
        RAE,
        SigmaVAE,
        TwoStageVAE,
        VaDE,
        VAEGAN,
        VLAE,
        WAE,
    ]

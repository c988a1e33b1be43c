"""The laws of gwae-core's conformance kit, and what the plugin registers."""

from __future__ import annotations

from gwae_baselines import (
    ALI,
    AVB,
    DAGMM,
    DIPVAE,
    GECO,
    RAE,
    VAEGAN,
    VLAE,
    WAE,
    BetaTCVAE,
    Discriminator,
    FactorVAE,
    Gaussian,
    GromovMongeVAE,
    ImplicitEncoder,
    InfoVAE,
    IsometricAE,
    LadderVAE,
    PairDiscriminator,
    SigmaVAE,
    TwoStageVAE,
    VaDE,
    gwae_components,
)

from gwae_core.plugins import registry
from gwae_core.registry import FIRST_PARTY
from gwae_core.testing import parametrize_with_checks

test_conformance = parametrize_with_checks(
    [
        ALI.Config(),
        ALI.Config(reconstruction_weight=1.0),
        AVB.Config(),
        BetaTCVAE.Config(),
        BetaTCVAE.Config(estimator="weighted"),
        DAGMM.Config(),
        DIPVAE.Config(version="i"),
        DIPVAE.Config(version="ii"),
        Discriminator.Config(hidden=(16,)),
        FactorVAE.Config(),
        Gaussian.Config(),
        GECO.Config(),
        GromovMongeVAE.Config(),
        GromovMongeVAE.Config(map="encoder", ground_cost="euclidean"),
        ImplicitEncoder.Config(),
        InfoVAE.Config(),
        IsometricAE.Config(),
        LadderVAE.Config(num_levels=3),
        PairDiscriminator.Config(hidden=(16,)),
        PairDiscriminator.Config(hidden=(16,), gradient_penalty=1.0),
        RAE.Config(regularizer="l2"),
        RAE.Config(regularizer="gradient"),
        SigmaVAE.Config(),
        TwoStageVAE.Config(),
        VAEGAN.Config(),
        VLAE.Config(),
        VLAE.Config(num_levels=3),
        VaDE.Config(),
        WAE.Config(),
        WAE.Config(divergence=Discriminator.Config(hidden=(16,))),
    ]
)


def test_the_installed_plugin_registers_what_core_says_it_has() -> None:
    promised = {key for key, plugin in FIRST_PARTY.items() if plugin == "gwae-baselines"}
    assert {(c.kind, c.name()) for c in gwae_components()} == promised
    for kind, name in promised:
        found = registry().find(kind, f"gwae-baselines:{name}")
        assert found.source.distribution == "gwae-baselines"

"""The laws of gwae-core's conformance kit, and what the plugin registers."""

from __future__ import annotations

from gwae_pot import (
    POTEntropic,
    POTExact,
    POTFused,
    POTPartial,
    POTSemirelaxed,
    gwae_components,
)

from gwae_core.plugins import registry
from gwae_core.registry import FIRST_PARTY
from gwae_core.testing import parametrize_with_checks

test_conformance = parametrize_with_checks(
    [
        POTExact.Config(),
        POTEntropic.Config(epsilon=0.2),
        POTEntropic.Config(epsilon=0.5, method="ppa"),
        POTPartial.Config(mass=0.7),
        POTFused.Config(),
        POTFused.Config(features="pairs"),
        POTSemirelaxed.Config(),
    ]
)


def test_the_installed_plugin_registers_what_core_says_it_has() -> None:
    promised = {name for (_, name), plugin in FIRST_PARTY.items() if plugin == "gwae-pot"}
    assert {component.name() for component in gwae_components()} == promised
    for name in promised:
        assert registry().find("estimator", f"gwae-pot:{name}").source.distribution == "gwae-pot"

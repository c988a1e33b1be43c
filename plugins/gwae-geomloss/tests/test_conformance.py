"""The laws of gwae-core's conformance kit, and what the plugin registers."""

from __future__ import annotations

from gwae_geomloss import Geomloss, GeomlossSinkhorn, gwae_components

from gwae_core.plugins import registry
from gwae_core.registry import FIRST_PARTY
from gwae_core.testing import parametrize_with_checks

test_conformance = parametrize_with_checks(
    [
        GeomlossSinkhorn.Config(),
        GeomlossSinkhorn.Config(epsilon=0.5),
    ]
)
test_conformance_of_the_estimator = parametrize_with_checks(
    [Geomloss.Config(), Geomloss.Config(epsilon=0.5, updates=1)],
)


def test_the_installed_plugin_registers_what_core_says_it_has() -> None:
    promised = {key for key, plugin in FIRST_PARTY.items() if plugin == "gwae-geomloss"}
    assert {(component.kind, component.name()) for component in gwae_components()} == promised
    for kind, name in promised:
        found = registry().find(kind, f"gwae-geomloss:{name}")
        assert found.source.distribution == "gwae-geomloss"

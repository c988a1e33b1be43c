"""The laws of gwae-core's conformance kit, and what the plugin registers."""

from __future__ import annotations

from gwae_geomloss import Geomloss, GeomlossSinkhorn, gwae_components

from gwae_core.components import ComponentConfig
from gwae_core.plugins import registry
from gwae_core.registry import FIRST_PARTY
from gwae_core.testing import Check, parametrize_with_checks

CONFIGS: list[ComponentConfig] = [
    Geomloss.Config(),
    Geomloss.Config(epsilon=0.5, updates=1),
    GeomlossSinkhorn.Config(),
    GeomlossSinkhorn.Config(epsilon=0.5),
]


@parametrize_with_checks(CONFIGS)
def test_conformance(check: Check) -> None:
    check()


def test_the_installed_plugin_registers_what_core_says_it_has() -> None:
    promised = {key for key, plugin in FIRST_PARTY.items() if plugin == "gwae-geomloss"}
    assert {(component.kind, component.name()) for component in gwae_components()} == promised
    for kind, name in promised:
        found = registry().find(kind, f"gwae-geomloss:{name}")
        assert found.source.distribution == "gwae-geomloss"

from __future__ import annotations

import pytest

from gwae_core.config import RunConfig
from gwae_core.errors import ComponentError, ConfigError
from gwae_core.provenance import changes, components_of


def test_core_names_are_reserved(site, prior_module):
    site.add("aaa-first", prior_module("normal"))
    found = site.discover()
    assert found.find("prior", "normal").source.distribution == "gwae-core"
    (refusal,) = found.refused
    assert refusal.component == "prior normal"
    assert refusal.reason == "the name 'normal' is reserved by gwae-core"
    with pytest.raises(ComponentError, match="reserved by gwae-core"):
        found.find("prior", "aaa-first:normal")


@pytest.fixture
def claimed(site, prior_module):
    """Two plugins that claim the prior cube, and one that claims ball."""
    site.add("gwae-a", prior_module("cube", "CubeA"))
    site.add("gwae-b", prior_module("cube", "CubeB"))
    site.add("gwae-c", prior_module("ball"))
    return site.discover()


def test_only_a_run_that_asks_for_a_claimed_name_fails_and_names_both(claimed):
    assert claimed.find("prior", "ball")
    with pytest.raises(ComponentError) as caught:
        claimed.find("prior", "cube")
    assert caught.value.message == "prior 'cube' is claimed by gwae-a 0.1.0 and gwae-b 0.1.0"
    assert "gwae-a:cube" in caught.value.hint
    ((kind, name, claimants),) = claimed.ambiguous()
    assert (kind, name, len(claimants)) == ("prior", "cube", 2)


@pytest.mark.parametrize(("distribution", "cls"), [("gwae-a", "CubeA"), ("gwae-b", "CubeB")])
def test_the_distribution_says_which_is_meant(claimed, distribution, cls):
    assert claimed.find("prior", f"{distribution}:cube").component.__name__ == cls


def test_a_configuration_keeps_which_plugin_was_meant(claimed):
    config = RunConfig.from_yaml("prior: {type: 'gwae-b:cube', width: 2}")
    assert config.prior.component.__name__ == "CubeB"
    assert "type: gwae-b:cube" in config.to_yaml()
    assert RunConfig.from_yaml(config.to_yaml()) == config
    bare = RunConfig.from_yaml("prior: gwae-a:cube")
    assert bare.prior.component.__name__ == "CubeA"
    assert RunConfig.from_yaml(bare.to_yaml()) == bare


def test_a_written_configuration_outlives_a_plugin_that_claims_its_name(site, prior_module):
    site.add("gwae-a", prior_module("cube", "CubeA"))
    site.discover()
    text = RunConfig.from_yaml("prior: cube").to_yaml()
    site.add("gwae-b", prior_module("cube", "CubeB"))
    site.discover()
    with pytest.raises(ConfigError, match="claimed by gwae-a"):
        RunConfig.from_yaml("prior: cube")
    assert RunConfig.from_yaml(text).prior.component.__name__ == "CubeA"


def test_core_components_are_written_with_their_bare_name(site):
    site.discover()
    assert "type: normal" in RunConfig.from_yaml("prior: gwae-core:normal").to_yaml()


def test_a_component_that_no_plugin_registered_is_written_with_its_bare_name(
    site, prior_module, monkeypatch
):
    site.add("gwae-a", prior_module("cube", "CubeA"))
    found = site.discover()
    component = found.find("prior", "cube").component
    monkeypatch.delitem(found.entries["prior"], "cube")
    assert found.full_name(component) == "cube"


def test_one_plugin_that_registers_a_name_twice(site, prior_module):
    source = prior_module("cube", "One") + prior_module("cube", "Two")
    source = source.replace("return [Two]", "return [One, Two]")
    site.add("gwae-a", source)
    found = site.discover()
    assert found.find("prior", "cube").component.__name__ == "One"
    assert found.refused[0].reason == "the plugin registers the name 'cube' twice"


def test_two_classes_that_share_a_config(site, prior_module):
    source = prior_module("cube", "One") + (
        'class Two(One):\n    """Another."""\n    Config = One.Config\n'
        "@hookimpl\ndef gwae_components():\n    return [One, Two]\n"
    )
    site.add("gwae-a", source)
    found = site.discover()
    # One.Config builds a Two, whichever of them was asked for.
    assert "shares its Config with Two" in found.refused[0].reason


def test_an_unknown_distribution_is_named(site, prior_module):
    site.add("gwae-a", prior_module("cube"))
    found = site.discover()
    with pytest.raises(ComponentError) as caught:
        found.find("prior", "gwae-gone:cube")
    assert "unknown prior 'gwae-gone:cube'; did you mean 'cube'?" in caught.value.message
    assert "gwae-gone is not installed" in caught.value.hint


def test_a_run_remembers_both_of_two_components_of_one_name(site):
    metric = """
        from typing import Literal
        from gwae_core.hooks import hookimpl
        from gwae_core.interfaces import Metric

        class Made(Metric):
            "A metric."
            class Config(Metric.Config):
                type: Literal["made"] = "made"

            def compute(self, data):
                return {}

        @hookimpl
        def gwae_components():
            return [Made]
    """
    site.add("gwae-a", metric, version="1.0")
    site.add("gwae-b", metric, version="2.0")
    site.discover()
    config = RunConfig.from_mapping({"metrics": ["gwae-a:made", "gwae-b:made"]})
    recorded = components_of(config)
    found = {(where["distribution"], where["version"]) for where in recorded.values()}
    assert found >= {("gwae-a", "1.0"), ("gwae-b", "2.0")}
    assert changes(recorded) == []
    later = {label: {**where, "version": "0.1"} for label, where in recorded.items()}
    assert "metric 'made' was trained with gwae-b 0.1; 2.0 is installed" in changes(later)

"""What is said of a plugin that a run had and that is not there, or not the same, today."""

from __future__ import annotations

import pytest

from gwae_core import plugins, provenance
from gwae_core.builtin.priors.normal import Normal
from gwae_core.config import RunConfig
from gwae_core.provenance import changes, components_of
from gwae_core.registry import CORE, Refusal, Registry, Source

CUBE = {"prior cube": {"distribution": "gwae-cube", "version": "0.1.0"}}


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> Registry:
    """A registry to fill, in place of the installed one."""
    made = Registry()
    monkeypatch.setattr(provenance, "registry", lambda: made)
    return made


def put(found: Registry, state: str, version: str) -> None:
    source = Source("gwae-cube", version)
    match state:
        case "disabled":
            found.disabled.append(source)
        case "failed":
            found.failed.append(Refusal(source, "RuntimeError: no GPU"))
        case "refused":
            found.refused.append(Refusal(source, "Cube is abstract", "Cube"))
        case "another component":
            found.add(Normal, source)


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ("missing", "which is not installed (pip install gwae-cube==0.1.0)"),
        ("disabled", "which is disabled by GWAE_PLUGINS or GWAE_DISABLE_PLUGINS"),
        ("failed", "which failed to load in version 0.2.0: RuntimeError: no GPU"),
        ("refused", "which does not provide it in version 0.2.0"),
        ("another component", "which does not provide it in version 0.2.0"),
    ],
)
def test_a_component_that_is_gone_is_named_with_the_reason(found, state, sentence):
    put(found, state, "0.2.0")
    assert changes(CUBE) == [f"prior 'cube' came from gwae-cube 0.1.0, {sentence}"]


def test_another_version_is_named_and_the_same_is_not(found):
    found.add(Normal, Source("gwae-cube", "0.2.0"))
    recorded = {"prior normal": {"distribution": "gwae-cube", "version": "0.1.0"}}
    assert changes(recorded) == [
        "prior 'normal' was trained with gwae-cube 0.1.0; 0.2.0 is installed"
    ]
    recorded["prior normal"]["version"] = "0.2.0"
    assert changes(recorded) == []


def test_core_and_what_no_plugin_registers_are_not_spoken_of():
    assert changes({"prior gone": {"distribution": CORE, "version": "0.0.1"}}) == []
    assert changes({"prior mine": {"distribution": "", "version": ""}}) == []


def test_every_component_of_a_run_has_its_distribution_and_version():
    recorded = components_of(RunConfig())
    version = plugins.registry().find("prior", "normal").source.version
    assert {"prior gaussian-mixture", "estimator paired", "divergence sinkhorn"} <= set(recorded)
    assert set(map(str, recorded.values())) == {
        str({"distribution": CORE, "version": version}),
    }

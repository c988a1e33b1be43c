from __future__ import annotations

from typing import Literal

import pytest
from pydantic import create_model
from torch import Tensor

from gwae_core.errors import ComponentError
from gwae_core.interfaces import Decoder
from gwae_core.registry import FIRST_PARTY, Refusal, Registry, Source

CORE = Source("gwae-core", "0.1.0")
PLUGIN = Source("gwae-made", "1.0", "main")


def decoder(name: str) -> type[Decoder]:
    class Made(Decoder):
        """A decoder."""

        Config = create_model("Config", __base__=Decoder.Config, type=(Literal[name], name))

        def forward(self, z: Tensor) -> Tensor:
            return z

    return Made


@pytest.fixture
def registry() -> Registry:
    filled = Registry()
    filled.add(decoder("linear"), CORE)
    filled.add(decoder("wavelet"), PLUGIN)
    return filled


def test_names_are_sorted_and_entries_come_with_their_source(registry):
    assert registry.names("decoder") == ["linear", "wavelet"]
    assert registry.names("prior") == []
    assert [(e.component.name(), str(e.source)) for e in registry] == [
        ("linear", "gwae-core 0.1.0"),
        ("wavelet", "gwae-made 1.0"),
    ]


def test_find(registry):
    assert registry.find("decoder", "wavelet").source is PLUGIN
    assert registry.find("decoder", "gwae-made:wavelet").source is PLUGIN
    assert registry.find("decoder", "gwae-core:linear").source is CORE


def test_an_unknown_name_is_answered_with_the_nearest_and_all(registry):
    with pytest.raises(ComponentError) as caught:
        registry.find("decoder", "waflet")
    assert caught.value.message == (
        "unknown decoder 'waflet'; did you mean 'wavelet'?; registered: linear, wavelet"
    )
    assert caught.value.hint == "`gwae plugins` lists every decoder that is installed"


def test_an_unknown_name_far_from_all(registry):
    with pytest.raises(ComponentError) as caught:
        registry.find("decoder", "zzz")
    assert caught.value.message == "unknown decoder 'zzz'; registered: linear, wavelet"


def test_what_could_not_be_had_is_named_with_its_reason(registry):
    registry.failed.append(Refusal(Source("gwae-broken", "0.1.0"), "RuntimeError: libfoo.so"))
    registry.refused.append(Refusal(PLUGIN, "the name is taken", "decoder linear"))
    registry.disabled.append(Source("gwae-off", "2"))
    with pytest.raises(ComponentError) as caught:
        registry.find("prior", "gpm")
    assert caught.value.message == (
        "unknown prior 'gpm'; registered: none; not available: "
        "gwae-broken 0.1.0 (RuntimeError: libfoo.so), "
        "gwae-made 1.0 (decoder linear: the name is taken), "
        "gwae-off 2 (disabled)"
    )


@pytest.mark.parametrize(("kind", "name"), FIRST_PARTY)
def test_a_component_of_a_first_party_plugin_says_how_to_install_it(registry, kind, name):
    with pytest.raises(ComponentError) as caught:
        registry.find(kind, name)
    assert f"pip install ./plugins/{FIRST_PARTY[kind, name]}" in str(caught.value.hint)


def test_the_full_name_means_the_component_whatever_else_is_installed(registry):
    wavelet = registry.find("decoder", "wavelet").component
    linear = registry.find("decoder", "linear").component
    registry.add(decoder("wavelet"), Source("gwae-other", "1.0"))
    assert registry.full_name(wavelet) == "gwae-made:wavelet"
    assert registry.find("decoder", registry.full_name(wavelet)).component is wavelet
    assert registry.full_name(linear) == "linear"
    assert registry.full_name(decoder("wavelet")) == "wavelet"


def test_names_differ_by_kind():
    filled = Registry()
    filled.add(decoder("x"), CORE)
    with pytest.raises(ComponentError, match="unknown encoder 'x'; registered: none"):
        filled.find("encoder", "x")

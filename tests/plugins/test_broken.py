from __future__ import annotations

import warnings

import pytest

from gwae_core.errors import ComponentError

HOOK = "from gwae_core.hooks import hookimpl\n@hookimpl\ndef gwae_components():\n    "

BROKEN = {
    "exception at import": ("raise RuntimeError('libfoo.so is missing')", "RuntimeError: libfoo"),
    "missing dependency": ("import surely_not_installed", "surely_not_installed"),
    "exit at import": ("import sys; sys.exit(3)", "SystemExit: 3"),
    "syntax error": ("def f(:", "SyntaxError"),
    "exception in the hook": (HOOK + "raise ValueError('no GPU')", "ValueError: no GPU"),
    "exit in the hook": (HOOK + "raise SystemExit", "SystemExit"),
    "hook returns a number": (HOOK + "return 3", "TypeError: gwae_components returned int"),
    "hook returns a class": (HOOK + "return dict", "TypeError: gwae_components returned type"),
    "hook returns nothing": (HOOK + "pass", "TypeError: gwae_components returned nothing"),
    "hook wants arguments": (
        "from gwae_core.hooks import hookimpl\n@hookimpl\ndef gwae_components(colour): return []",
        "PluginValidationError",
    ),
    "hook of another name": (
        "from gwae_core.hooks import hookimpl\n@hookimpl\ndef gwae_component(): return []",
        "PluginValidationError",
    ),
    "no hook": ("answer = 42", "it implements no hook gwae_components"),
    "no mark": ("def gwae_components(): return []", "lacks the mark @hookimpl"),
}


@pytest.mark.parametrize("source, reason", BROKEN.values(), ids=BROKEN)
def test_a_broken_plugin_is_kept_with_its_reason_and_stops_nobody(
    site, prior_module, source, reason
):
    site.add("gwae-a", prior_module("a"))
    site.add("gwae-broken", source)
    site.add("gwae-z", prior_module("z"))
    found = site.discover()
    assert {"a", "z"} <= set(found.names("prior"))
    (refusal,) = found.failed
    assert str(refusal.source) == "gwae-broken 0.1.0"
    assert reason in refusal.reason
    assert "\n" not in refusal.reason
    with pytest.raises(ComponentError) as caught:
        found.find("prior", "broken")
    assert f"not available: gwae-broken 0.1.0 ({refusal.reason})" in caught.value.message


@pytest.mark.parametrize(
    ("entry_points", "reason"),
    [
        ("main = gwae_nowhere\n", "ModuleNotFoundError"),
        ("main = json:no_such_name\n", "AttributeError"),
        ("main = json:dumps:loads\n", ""),
        ("main = \n", ""),
    ],
)
def test_an_entry_point_that_leads_nowhere(site, prior_module, entry_points, reason):
    site.add("gwae-lost", None, entry_points=entry_points)
    site.add("gwae-z", prior_module("z"))
    found = site.discover()
    assert "z" in found.names("prior")
    (refusal,) = found.failed
    assert refusal.source.distribution == "gwae-lost"
    assert reason in refusal.reason


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        ("Made", "leads to a component, not to the module"),
        ("gwae_components", "leads to the function, not to its module"),
    ],
)
def test_an_entry_point_that_leads_past_the_module(site, prior_module, end, reason):
    site.add("gwae-past", prior_module("past"), entry_points=f"main = gwae_past:{end}\n")
    found = site.discover()
    (refusal,) = found.failed
    assert reason in refusal.reason


def test_the_second_of_two_entry_points_of_one_name_is_not_passed_over_in_silence(
    site, prior_module
):
    site.add("gwae-twice", prior_module("first"), entry_points="x = gwae_twice\nx = half\n")
    (site.folder / "half.py").write_text(prior_module("second"))
    found = site.discover()
    assert found.find("prior", "first")
    (refusal,) = found.failed
    assert "another entry point of the name 'x'" in refusal.reason


@pytest.mark.parametrize("metadata", ["", "Metadata-Version: 2.1\nVersion: 1\n"])
def test_metadata_without_a_name(site, prior_module, metadata):
    site.add("gwae-anonymous", prior_module("anonymous"), metadata=metadata)
    site.add("gwae-z", prior_module("z"))
    found = site.discover()
    assert "z" in found.names("prior")
    (refusal,) = found.failed
    assert "damaged metadata" in refusal.reason
    assert str(site.folder) in str(refusal.source)


def test_entry_points_that_cannot_be_parsed(site, prior_module):
    site.add("gwae-garbled", prior_module("garbled"), entry_points="no equals sign here\n")
    site.add("gwae-z", prior_module("z"))
    found = site.discover()
    assert "z" in found.names("prior")
    (refusal,) = found.failed
    assert str(refusal.source) == "gwae-garbled 0.1.0"
    assert "damaged metadata" in refusal.reason


CLASSES = {
    "no Config": (
        'class Bad(Normal):\n    """Bad."""\n',
        "has no Config in its own body",
    ),
    "no name": (
        'class Bad(Normal):\n    """Bad."""\n    class Config(Normal.Config):\n        type: str\n',
        "has no fixed name",
    ),
    "a name that is not fixed": (
        'class Bad(Normal):\n    """Bad."""\n'
        '    class Config(Normal.Config):\n        type: str = "bad"\n',
        "has no fixed name",
    ),
    "a name with a colon": (
        'class Bad(Normal):\n    """Bad."""\n    class Config(Normal.Config):\n'
        '        type: Literal["gwae-core:bad"] = "gwae-core:bad"\n',
        "a name is letters",
    ),
    "no docstring": (
        "class Bad(Normal):\n    class Config(Normal.Config):\n"
        '        type: Literal["bad"] = "bad"\n',
        "has no docstring",
    ),
    "abstract": (
        'class Bad(Prior):\n    """Bad."""\n    class Config(Prior.Config):\n'
        '        type: Literal["bad"] = "bad"\n',
        "is abstract: it lacks sample",
    ),
    "no kind": (
        'class Bad(Component):\n    """Bad."""\n    class Config(Component.Config):\n'
        '        type: Literal["bad"] = "bad"\n',
        "has no kind",
    ),
    "a kind without its base": (
        'class Bad(Component):\n    """Bad."""\n    kind = "prior"\n'
        '    class Config(Component.Config):\n        type: Literal["bad"] = "bad"\n',
        "does not inherit from Prior",
    ),
    "a Config that is no Config": (
        'class Bad(Normal):\n    """Bad."""\n    class Config:\n        type = "bad"\n',
        "has no Config in its own body",
    ),
    "a kind that cannot be looked up": (
        'class Bad(Component):\n    """Bad."""\n    kind = ["prior"]\n'
        '    class Config(Component.Config):\n        type: Literal["bad"] = "bad"\n',
        "TypeError",
    ),
    "not a class": ("Bad = 3\n", "is not a component class"),
    "another class": ("Bad = dict\n", "is not a component class"),
}


@pytest.mark.parametrize("source, reason", CLASSES.values(), ids=CLASSES)
def test_a_class_that_cannot_be_registered_is_refused_and_its_siblings_are_taken(
    site, prior_module, source, reason
):
    good = prior_module("good", "Normal").replace("return [Normal]", "return [Bad, Normal]")
    imports = "from typing import Literal\nfrom gwae_core.components import Component\n"
    head, hook, tail = good.partition("@hookimpl")
    site.add("gwae-mixed", imports + head + source + hook + tail)
    found = site.discover()
    assert found.find("prior", "good").component.name() == "good"
    (refusal,) = found.refused
    assert reason in refusal.reason
    with pytest.raises(ComponentError) as caught:
        found.find("prior", "bad")
    assert f"gwae-mixed 0.1.0 ({refusal.component}: {refusal.reason})" in caught.value.message


def test_what_a_plugin_prints_or_warns_of_stays_off_stdout_and_changes_no_filter(
    site, prior_module, capsys
):
    noise = "import warnings\nprint('hello from import')\nwarnings.simplefilter('error')\n"
    site.add(
        "gwae-loud",
        noise
        + prior_module("loud").replace("return [", "print('and from the hook')\n    return ["),
    )
    filters = list(warnings.filters)
    found = site.discover()
    assert found.find("prior", "loud")
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == "hello from import\nand from the hook\n"
    assert warnings.filters == filters

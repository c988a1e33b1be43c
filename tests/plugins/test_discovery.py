from __future__ import annotations

import subprocess
import sys

import pytest

from gwae_core import plugins
from gwae_core.errors import ComponentError


def test_a_plugin_is_found_with_its_distribution_and_version(site, prior_module):
    site.add("gwae-made", prior_module("made"), version="1.2.3")
    entry = site.discover().find("prior", "made")
    assert entry.component.name() == "made"
    assert entry.component.summary() == "A prior called made."
    assert str(entry.source) == "gwae-made 1.2.3"
    assert entry.source.entry_point == "main"


def test_discovery_runs_once_a_process(site, prior_module):
    site.add("gwae-made", prior_module("made"))
    first = site.discover()
    site.add("gwae-later", prior_module("later"))
    assert plugins.registry() is first
    assert "later" not in first.names("prior")
    assert "later" in site.discover().names("prior")


def test_distribution_names_are_compared_in_canonical_form(site, prior_module):
    site.add("GWAE_Made", prior_module("made"))
    found = site.discover()
    assert found.find("prior", "made").source.distribution == "gwae-made"
    assert found.find("prior", "GWAE_Made:made") == found.find("prior", "gwae-made:made")


def test_one_distribution_may_have_several_entry_points(site, prior_module):
    site.add("gwae-two", prior_module("first"), entry_points="a = gwae_two\nb = other_half\n")
    (site.folder / "other_half.py").write_text(prior_module("second"))
    found = site.discover()
    assert found.find("prior", "first").source.entry_point == "a"
    assert found.find("prior", "second").source.entry_point == "b"
    assert not found.failed


def test_an_entry_point_may_be_an_object_with_the_hook(site):
    site.add(
        "gwae-object",
        """
        from gwae_core.hooks import hookimpl

        class Plugin:
            @hookimpl
            def gwae_components(self):
                return []

        plugin = Plugin()
        """,
        entry_points="main = gwae_object:plugin\n",
    )
    assert not site.discover().failed


def test_of_two_distributions_of_one_name_the_first_on_the_path_counts(
    site, prior_module, tmp_path_factory
):
    later = tmp_path_factory.mktemp("later")
    site.add("gwae-made", prior_module("made"), version="2.0")
    info = later / "gwae_made-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: gwae-made\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[gwae]\nmain = gwae_made\n")
    sys.path.append(str(later))
    try:
        assert site.discover().find("prior", "made").source.version == "2.0"
    finally:
        sys.path.remove(str(later))


def test_a_plugin_may_bring_a_kind_of_its_own(site):
    site.add(
        "gwae-kernels",
        '''
        from typing import ClassVar, Literal
        from gwae_core.components import Component
        from gwae_core.hooks import hookimpl

        class Kernel(Component):
            """A kernel."""
            kind: ClassVar[str] = "kernel"

        class Laplace(Kernel):
            """The Laplace kernel."""
            class Config(Kernel.Config):
                type: Literal["laplace"] = "laplace"

        @hookimpl
        def gwae_components():
            return [Laplace]
        ''',
    )
    assert site.discover().names("kernel") == ["laplace"]


@pytest.mark.parametrize(
    ("variable", "value", "left"),
    [
        ("GWAE_DISABLE_PLUGINS", "gwae-b", ["a"]),
        ("GWAE_DISABLE_PLUGINS", " GWAE_B , gwae-a ", []),
        ("GWAE_DISABLE_PLUGINS", "", ["a", "b"]),
        ("GWAE_PLUGINS", "gwae-b", ["b"]),
        ("GWAE_PLUGINS", "", []),
    ],
)
def test_plugins_are_disabled_and_allowed_by_distribution(
    site, prior_module, monkeypatch, variable, value, left
):
    site.add("gwae-a", prior_module("a"))
    site.add("gwae-b", prior_module("b"))
    site.discover()
    monkeypatch.setenv(variable, value)
    plugins.registry.cache_clear()
    found = plugins.registry()
    assert [name for name in ("a", "b") if name in found.names("prior")] == left
    off = {source.distribution for source in found.disabled} & {"gwae-a", "gwae-b"}
    assert off == {f"gwae-{name}" for name in ("a", "b") if name not in left}


def test_a_disabled_plugin_is_not_imported_and_an_error_names_it(site, monkeypatch):
    site.add("gwae-off", "raise RuntimeError('imported')")
    monkeypatch.setenv("GWAE_DISABLE_PLUGINS", "gwae-off")
    found = site.discover()
    assert not found.failed
    with pytest.raises(ComponentError, match=r"not available: .*gwae-off 0\.1\.0 \(disabled\)"):
        found.find("prior", "off")


@pytest.mark.parametrize("requirement", ["gwae-core>=99", "GWAE_Core<0.0.1", "gwae-core==7.*"])
def test_an_unmet_requirement_on_core_is_refused_by_name(site, prior_module, requirement):
    site.add("gwae-new", prior_module("new"), requires=("numpy", requirement))
    found = site.discover()
    (refusal,) = found.failed
    assert refusal.source.distribution == "gwae-new"
    assert requirement.partition("-")[0].lower() in refusal.reason.lower()
    assert "is installed" in refusal.reason
    with pytest.raises(ComponentError, match=r"not available: .*gwae-new"):
        found.find("prior", "new")


@pytest.mark.parametrize(
    "requirement",
    ["gwae-core>=0.0.1", "gwae-core>=99; extra == 'x'", "gwae-core>=99; python_version < '3'"],
)
def test_a_requirement_that_is_met_or_does_not_apply_is_no_obstacle(
    site, prior_module, requirement
):
    site.add("gwae-fits", prior_module("fits"), requires=(requirement, "!! not a requirement"))
    assert site.discover().find("prior", "fits")


def test_nothing_happens_at_import():
    program = (
        "import sys, gwae_core, gwae_core.errors\n"
        "print(*sorted({'torch', 'pydantic', 'numpy', 'pluggy', 'yaml'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "", "")


def test_importing_the_spine_discovers_nothing():
    program = (
        "import gwae_core.plugins as plugins, gwae_core.registered, gwae_core.interfaces, sys\n"
        "print(plugins.registry.cache_info().currsize, 'gwae_core.builtin' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.split() == ["0", "False"], done.stderr

"""The generated catalogue shows all that every component declares, and nothing may lack it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import pytest

from gwae_core import Prior
from gwae_core.interfaces import KINDS
from gwae_core.plugins import registry
from gwae_core.registry import CORE, FIRST_PARTY, Entry, Source

HOOKS = Path(__file__).parents[1] / "docs/hooks"
OURS = {CORE, *FIRST_PARTY.values()}
ENTRIES = [entry for entry in registry() if entry.source.distribution in OURS]


@pytest.fixture(scope="module")
def hook() -> Iterator[ModuleType]:
    """The module that mkdocs calls."""
    sys.path.insert(0, str(HOOKS))
    import components

    yield components
    sys.path.remove(str(HOOKS))
    del sys.modules["components"], sys.modules["works"]


def label(entry: Entry) -> str:
    return f"{entry.component.kind}-{entry.component.name()}"


@pytest.mark.parametrize("entry", ENTRIES, ids=label)
def test_a_component_declares_all_that_the_catalogue_shows(hook, entry):
    assert hook.lacks(entry.component) == []


@pytest.mark.parametrize("entry", ENTRIES, ids=label)
def test_the_catalogue_shows_a_component_whole(hook, entry):
    text = hook.section(entry)
    component = entry.component
    assert f"### `{component.name()}`" in text
    assert str(entry.source) in text
    assert hook.prose(component.summary()) in text
    assert "Reference: " in text or "Source: " in text
    rows = {line.split("`")[1]: line for line in text.splitlines() if line.startswith("| `")}
    for name in component.Config.model_fields.keys() - {"type"}:
        own = [row for field, row in rows.items() if field.partition(".")[0] == name]
        assert own, name
        for row in own:
            _, shown, kind, default, _, meaning, _ = row.replace("\\|", "").split("|")
            assert all(cell.strip() for cell in (shown, kind, default, meaning)), row


def test_the_page_has_every_kind_and_every_component_of_core(hook):
    text = hook.on_page_markdown("{{ components }}")
    found = {entry.component.kind for entry in ENTRIES}
    assert [line for line in text.splitlines() if line.startswith("## ")] == [
        f"## {kind.capitalize()}" for kind in KINDS if kind in found
    ]
    core = [entry for entry in registry() if entry.source.distribution == CORE]
    assert text.count("\n### `") >= len(core)
    assert "{{" not in text


def test_every_plugin_of_this_project_is_in_the_catalogue_where_it_is_installed(hook):
    plugins = {path.parent.name for path in HOOKS.parents[1].glob("plugins/*/pyproject.toml")}
    installed = {entry.source.distribution for entry in registry()}
    shown = {entry.source.distribution for entry in hook.catalogue()}
    assert plugins & installed == shown - {CORE}


def test_constraints_and_defaults_are_those_of_the_fields(hook):
    text = hook.on_page_markdown("{{ components }}")
    assert "| `num_components` | int | `10` | &gt; 0 | Number of components K. |" in text
    assert "one of first, second, third" in text


def made(docstring: str | None, description: str) -> type[Prior]:
    """A prior with one field."""

    class Made(Prior):
        class Config(Prior.Config):
            type: Literal["made"] = "made"
            width: float = 1.0

        config: Config

        def sample(self, n: int, *, generator: Any = None) -> Any:
            return self.noise(n, generator=generator)

    Made.__doc__ = docstring
    Made.Config.model_fields["width"].description = description
    return Made


CITED = "A prior.\n\nAs published (Mémoli, 2011)."


@pytest.mark.parametrize(
    ("docstring", "description", "fault"),
    [
        (None, "Width.", "no docstring"),
        (CITED, "", "the field width has no docstring"),
        ("A prior.", "Width.", "cites no work"),
        ("A prior (Nobody, 1900) and (Mémoli, 2012).", "Width.", "Nobody, 1900: 0 works"),
        ("A prior (Vayer et al., 2019).", "Width.", "Vayer, 2019: 2 works"),
    ],
)
def test_what_a_component_lacks_is_named_and_stops_the_build(hook, docstring, description, fault):
    component = made(docstring, description)
    assert any(fault in sentence for sentence in hook.lacks(component))
    with pytest.raises(ValueError, match=r"^gwae-made 1\.0: prior made: "):
        hook.section(Entry(component, Source("gwae-made", "1.0")))


@pytest.mark.parametrize("docstring", [CITED, "A prior.\n\nSource: elementary probability."])
def test_a_citation_or_a_source_is_enough(hook, docstring):
    assert hook.lacks(made(docstring, "Width.")) == []


@pytest.mark.parametrize(
    ("docstring", "titles"),
    [
        ("(Vayer, Chapel et al., 2019)", ["Optimal transport for"]),
        ("(Vayer, Flamary et al., 2019)", ["Sliced Gromov-Wasserstein"]),
        ("bounds of Mémoli (2011)", ["metric approach to object matching"]),
        ("(Kingma & Welling, 2014; Higgins et al., 2017, for others)", ["Auto-enc", "beta-VAE"]),
        ("1,797 images of 8x8, 2019 of them", []),
    ],
)
def test_citations_lead_to_the_bibliography(hook, docstring: str, titles: list[str]):
    find: Callable[[str], list[str]] = hook.cited
    found = find(docstring)
    assert len(found) == len(titles)
    for text, title in zip(found, titles, strict=True):
        assert title in text


def test_what_is_not_code_is_escaped(hook):
    assert (
        hook.prose("min <T, C> of ``List<T>`` and a*b")
        == "min &lt;T, C&gt; of ``List<T>`` and a\\*b"
    )

"""`gwae plugins show`: all that is declared of a component."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from gwae_core.cli.fields import Field, fields
from gwae_core.cli.places import PLACES, example
from gwae_core.cli.tables import screen_width, table, wrapped
from gwae_core.errors import ConfigError, did_you_mean
from gwae_core.interfaces import KINDS
from gwae_core.plugins import registry
from gwae_core.registry import Entry

CITATION = re.compile(
    r"\(((?:[^()]*?, )?[A-Z][^()]*?, (?:19|20)\d\d)\)"  # (Peyré et al., 2016)
    r"|([A-Z][\w-]+(?: (?:and|&) [A-Z][\w-]+| et al\.)? \((?:19|20)\d\d\))"  # Mémoli (2011)
)
SOURCE = re.compile(r"^Source: (.+?)\.?$", re.MULTILINE)


def kind_and_name(names: Sequence[str]) -> tuple[str, str]:
    """What ``KIND NAME`` means, or ``NAME`` where one kind alone has it.

    Raises:
        ConfigError: There are more words than two, several kinds have the name, or none has.
    """
    if len(names) == 2:
        return names[0], names[1]
    if len(names) > 2:
        raise ConfigError(f"expected KIND NAME or NAME; got {' '.join(names)}")
    (name,) = names
    short = name.rpartition(":")[2]
    kinds = list(dict.fromkeys(e.component.kind for e in registry() if e.component.name() == short))
    if len(kinds) == 1:
        return kinds[0], name
    if kinds:
        asked = " or ".join(f"`gwae plugins show {kind} {name}`" for kind in kinds)
        raise ConfigError(f"{name!r} is the name of {' and '.join(kinds)}", hint=asked)
    meant = did_you_mean(name, {e.component.name() for e in registry()})
    raise ConfigError(
        f"no component is called {name!r}{meant}", hint="`gwae plugins` lists the components"
    )


def component_of(kind: str, name: str) -> Entry:
    """The component of a name.

    Raises:
        ConfigError: There is no such kind.
        ComponentError: There is no such component, or two plugins claim the name.
    """
    if kind not in KINDS:
        meant = did_you_mean(kind, KINDS)
        raise ConfigError(f"unknown kind {kind!r}{meant}; kinds: {', '.join(KINDS)}")
    return registry().find(kind, name)


def references(text: str) -> list[str]:
    """Works that a docstring cites; where it cites none, its line ``Source: ...``."""
    found = (first or second for first, second in CITATION.findall(" ".join(text.split())))
    return list(dict.fromkeys(found)) or SOURCE.findall(text)


def component_json(entry: Entry) -> str:
    """A component for programs."""
    component = entry.component
    described = inspect.getdoc(component) or ""
    facts: dict[str, Any] = {
        "kind": component.kind,
        "name": component.name(),
        "full_name": registry().full_name(component),
        "summary": component.summary(),
        "description": described,
        "references": references(described),
        **asdict(entry.source),
        "fields": [asdict(field) for field in fields(component.Config)],
        "example": example(component),
    }
    return json.dumps(facts, indent=2, ensure_ascii=False)


def component_text(entry: Entry) -> str:
    """A component for people: its docstring, its fields, and an example."""
    component = entry.component
    described = (inspect.getdoc(component) or "").replace("``", "`")
    parts = [
        f"{component.kind} {component.name()}, from {entry.source}",
        *_indented(described),
    ]
    if cited := references(described):
        parts += ["", *wrapped("reference: " + "; ".join(cited), screen_width(), hang="  ")]
    found = list(fields(component.Config))
    rows = [(f.name, f.type, f.shown_default, ", ".join(f.constraints)) for f in found]
    if found:
        parts += ["", table(("field", "type", "default", "allowed"), rows)]
        parts += ["", *(line for field in found for line in _description(field))]
    else:
        parts += ["", "it has no fields"]
    if component.kind not in PLACES:
        parts += ["", "no field of a run holds this kind: it is used from Python"]
    parts += ["", "example:", *_indented(example(component), wrap=False)]
    return "\n".join(parts)


def _description(field: Field) -> list[str]:
    return wrapped(f"{field.name}: {field.description}", screen_width(), hang="    ")


def _indented(text: str, *, wrap: bool = True) -> list[str]:
    lines = []
    for line in text.splitlines():
        lines += wrapped(f"  {line}", screen_width(), hang="  ") if wrap and line else [f"  {line}"]
    return [line.rstrip() for line in lines]

"""Replace ``{{ components }}`` in a page by a table of every built-in component."""

from __future__ import annotations

import html
import json
from typing import Any

from pydantic.fields import FieldInfo

from gwae_core.components import Component
from gwae_core.interfaces import KINDS
from gwae_core.plugins import registry
from gwae_core.registry import CORE

MARKER = "{{ components }}"


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Called by mkdocs with the text of each page."""
    return markdown.replace(MARKER, tables()) if MARKER in markdown else markdown


def tables() -> str:
    """A section for each kind with components, a table of parameters for each of these."""
    sections = []
    for kind in KINDS:
        found = [
            entry.component
            for entry in registry()
            if entry.component.kind == kind and entry.source.distribution == CORE
        ]
        if found:
            parts = [f"## {kind.capitalize()}", *(section(component) for component in found)]
            sections.append("\n\n".join(parts))
    return "\n\n".join(sections)


def section(component: type[Component]) -> str:
    """Heading, summary and parameters of a component."""
    fields = {k: f for k, f in component.Config.model_fields.items() if k != "type"}
    lines = [f"### `{component.name()}`", component.summary()]
    if fields:
        rows = [row(name, field) for name, field in fields.items()]
        head = ["| parameter | default | meaning |", "|---|---|---|"]
        lines.append("\n".join([*head, *rows]))
    return "\n\n".join(lines)


def row(name: str, field: FieldInfo) -> str:
    """Name, default and meaning of one parameter."""
    default = (
        "required"
        if field.is_required()
        else f"`{shown(field.get_default(call_default_factory=True))}`"
    )
    meaning = " ".join((field.description or "").split()).replace("|", "\\|")
    return f"| `{name}` | {default} | {html.escape(meaning, quote=False)} |"


def shown(value: Any) -> str:
    """A default as it is written in YAML."""
    if hasattr(value, "type"):
        return str(value.type)
    if hasattr(value, "model_dump"):
        value = value.model_dump(mode="json")
    return json.dumps(value, ensure_ascii=False, default=str).replace("|", "\\|")

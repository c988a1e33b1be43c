"""Fill tables of parameters into pages, from the configuration models themselves.

``{{ components }}`` becomes a section for each built-in component, ``{{ run }}`` the tables of the
run configuration and its sections.
"""

from __future__ import annotations

import html
import inspect
import json
from collections.abc import Mapping
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from gwae_core.config import RunConfig
from gwae_core.interfaces import KINDS
from gwae_core.plugins import registry
from gwae_core.registry import CORE


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Called by mkdocs with the text of each page."""
    for marker, text in (("{{ components }}", components), ("{{ run }}", run)):
        if marker in markdown:
            markdown = markdown.replace(marker, text())
    return markdown


def components() -> str:
    """A section for each kind that has built-in components, with a table for each of these."""
    parts = []
    for kind in KINDS:
        found = [
            entry.component
            for entry in registry()
            if entry.component.kind == kind and entry.source.distribution == CORE
        ]
        if found:
            parts.append(f"## {kind.capitalize()}")
        for component in found:
            fields = {k: f for k, f in component.Config.model_fields.items() if k != "type"}
            parts += [f"### `{component.name()}`", component.summary(), table(fields)]
    return "\n\n".join(parts)


def run() -> str:
    """The table of the run configuration, then one for each of its sections."""
    parts = [table(RunConfig.model_fields)]
    for name, field in RunConfig.model_fields.items():
        section = field.annotation
        if isinstance(section, type) and issubclass(section, BaseModel) and not component(field):
            summary = (inspect.getdoc(section) or "").partition("\n")[0]
            parts += [f"### `{name}`", summary, table(section.model_fields)]
    return "\n\n".join(parts)


def component(field: FieldInfo) -> bool:
    """Whether a field holds a component, which has a page of its own."""
    return any(type(item).__name__ == "Registered" for item in field.metadata)


def table(fields: Mapping[str, FieldInfo]) -> str:
    """A table of parameters, or nothing where there are none."""
    if not fields:
        return ""
    head = ["| field | default | meaning |", "|---|---|---|"]
    return "\n".join([*head, *(row(name, field) for name, field in fields.items())])


def row(name: str, field: FieldInfo) -> str:
    """Name, default and meaning of one parameter."""
    if field.is_required():
        default = "required"
    else:
        default = f"`{shown(field.get_default(call_default_factory=True))}`"
    meaning = " ".join((field.description or "").replace("``", "`").split()).replace("|", "\\|")
    if get_origin(field.annotation) is Literal and len(get_args(field.annotation)) > 1:
        options = ", ".join(f"`{shown(option)}`" for option in get_args(field.annotation))
        meaning += f" One of {options}."
    return f"| `{name}` | {default} | {html.escape(meaning, quote=False)} |"


def shown(value: Any) -> str:
    """A default as it is written in YAML: a component by name, a section as `...`."""
    if hasattr(value, "type"):
        return str(value.type)
    if isinstance(value, BaseModel):
        return "..."
    if isinstance(value, tuple) and value and all(hasattr(item, "type") for item in value):
        return f"[{', '.join(item.type for item in value)}]"
    if isinstance(value, str) and value:
        return value.replace("|", "\\|")
    return json.dumps(value, ensure_ascii=False, default=str).replace("|", "\\|")

"""Fill tables of parameters into pages, from the configuration models themselves.

``{{ components }}`` becomes a section for each built-in component, ``{{ run }}`` the tables of the
run configuration and its sections.
"""

from __future__ import annotations

import html
import inspect
import json
from collections.abc import Iterator, Mapping
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from gwae_core.components import ComponentConfig, Section
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
    fields = RunConfig.model_fields
    parts = [table({k: f for k, f in fields.items() if not section(f)})]
    for name, field in fields.items():
        if nested := section(field):
            summary = (inspect.getdoc(nested) or "").partition("\n")[0]
            parts += [f"### `{name}`", summary, table(nested.model_fields)]
    return "\n\n".join(parts)


def section(field: FieldInfo) -> type[Section] | None:
    """The section that a field holds, if it holds one; components have tables of their own."""
    kind = field.annotation
    if not isinstance(kind, type) or issubclass(kind, ComponentConfig):
        return None
    return kind if issubclass(kind, Section) else None


def table(fields: Mapping[str, FieldInfo]) -> str:
    """A table of parameters, or nothing where there are none."""
    if not fields:
        return ""
    head = ["| field | default | meaning |", "|---|---|---|"]
    return "\n".join([*head, *rows(fields)])


def rows(fields: Mapping[str, FieldInfo], prefix: str = "") -> Iterator[str]:
    """A row for each parameter; those of a nested section by their dotted names."""
    for name, field in fields.items():
        if nested := section(field):
            yield from rows(nested.model_fields, f"{prefix}{name}.")
        else:
            yield row(prefix + name, field)


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
    """A default as it is written in YAML, a component by its name."""
    if hasattr(value, "type"):
        return str(value.type)
    if isinstance(value, tuple) and value and all(hasattr(item, "type") for item in value):
        return f"[{', '.join(item.type for item in value)}]"
    if isinstance(value, str) and value:
        return value.replace("|", "\\|")
    return json.dumps(value, ensure_ascii=False, default=str).replace("|", "\\|")

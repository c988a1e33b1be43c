"""Fill tables of parameters into pages, from the configuration models themselves.

``{{ components }}`` becomes the catalogue of core and this project's plugins, ``{{ run }}`` the
tables of the run configuration and its sections, ``{{ presets }}`` the metrics of each preset.
"""

from __future__ import annotations

import html
import inspect
import re
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel
from works import cited, source

from gwae_core.cli.fields import Field, fields
from gwae_core.components import Component
from gwae_core.config import RunConfig
from gwae_core.interfaces import KINDS
from gwae_core.plugins import registry
from gwae_core.presets import PRESETS, preset
from gwae_core.registry import CORE, FIRST_PARTY, Entry

OURS = {CORE, *FIRST_PARTY.values()}


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Called by mkdocs with the text of each page."""
    for marker, text in MARKERS.items():
        if marker in markdown:
            markdown = markdown.replace(marker, text())
    return markdown


def catalogue() -> list[Entry]:
    """Every component of core, and of this project's plugins that are installed."""
    return [entry for entry in registry() if entry.source.distribution in OURS]


def components() -> str:
    """A section for each kind, with one for each of its components.

    Raises:
        ValueError: A component lacks something that its section has to show.
    """
    parts = []
    for kind in KINDS:
        found = [entry for entry in catalogue() if entry.component.kind == kind]
        if found:
            parts.append(f"## {kind.capitalize()}")
        parts += [section(entry) for entry in found]
    return "\n\n".join(parts)


def section(entry: Entry) -> str:
    """Name, distribution, docstring, fields and references of a component.

    Raises:
        ValueError: It lacks one of them.
    """
    component = entry.component
    if missing := lacks(component):
        raise ValueError(f"{entry.source}: {component.kind} {component.name()}: {missing[0]}")
    described = docstring(component)
    parts = [
        f"### `{component.name()}`",
        f"{component.kind.capitalize()} of `{entry.source}`.",
        prose(described),
        table(fields(component.Config)),
        *(f"Reference: {work}" for work in cited(described)),
    ]
    return "\n\n".join(part for part in parts if part)


def lacks(component: type[Component]) -> list[str]:
    """What a component does not declare, though the catalogue shows it."""
    described = docstring(component)
    found = [] if described else ["no docstring"]
    found += [f"the field {f.name} has no docstring" for f in known(component) if not f.description]
    found += [f"the field {f.name} has no type" for f in known(component) if f.type == "any"]
    try:
        if not (cited(described) or source(described)):
            found.append("its docstring cites no work, and has no line `Source: ...`")
    except LookupError as error:
        found.append(str(error))
    return found


def docstring(component: type[Component]) -> str:
    """The class's own docstring; a parent's is about another component."""
    return inspect.cleandoc(component.__doc__ or "")


def known(component: type[Component]) -> list[Field]:
    """The fields of a component."""
    return list(fields(component.Config))


def prose(docstring: str) -> str:
    """A docstring as Markdown: only what is in code keeps its angle brackets."""
    parts = re.split(r"(``.+?``|`.+?`)", docstring, flags=re.DOTALL)
    return "".join(
        part if k % 2 else html.escape(part, quote=False).replace("*", "\\*")
        for k, part in enumerate(parts)
    )


def run() -> str:
    """The table of the run configuration, then one for each of its sections."""
    parts = [table(field for field in fields(RunConfig) if "." not in field.name)]
    for name, field in RunConfig.model_fields.items():
        nested = field.annotation
        if isinstance(nested, type) and issubclass(nested, BaseModel) and is_section(name):
            summary = (inspect.getdoc(nested) or "").partition("\n")[0]
            parts += [f"### `{name}`", summary, table(fields(nested))]
    return "\n\n".join(parts)


def presets() -> str:
    """The metrics of each preset, and the settings in which they differ."""
    lines = [f"| metric | {' | '.join(f'`{name}`' for name in PRESETS)} |"]
    lines.append(f"|---|{'---|' * len(PRESETS)}")
    for columns in zip(*(preset(name) for name in PRESETS), strict=True):
        values = [config.model_dump(mode="json") for config in columns]
        differ = [key for key in values[0] if len({repr(v[key]) for v in values}) > 1]
        cells = [
            ", ".join(f"{key} {_short(v[key])}" for key in differ) or "the same" for v in values
        ]
        name = columns[0].type
        lines.append(f"| [`{name}`](../reference/components.md#{name}) | {' | '.join(cells)} |")
    return "\n".join(lines)


def _short(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(f"`{inner['type']}`" for inner in value) or "none"
    return f"{value:,}" if isinstance(value, int) else str(value)


def is_section(name: str) -> bool:
    """Whether a field of the run holds a section, whose fields have dotted names."""
    return any(field.name.startswith(f"{name}.") for field in fields(RunConfig))


def table(found: Iterable[Field]) -> str:
    """A table of fields, or nothing where there are none."""
    rows = [row(field) for field in found]
    if not rows:
        return ""
    head = ["| field | type | default | allowed | meaning |", "|---|---|---|---|---|"]
    return "\n".join([*head, *rows])


def row(field: Field) -> str:
    """Everything that is declared of one field."""
    default = field.shown_default
    # A run writes `own` for what it was given in Python; nobody else does.
    kind = field.type.removesuffix(" or choice or dict")
    constraints = [text for text in field.constraints if text != "one of own"]
    cells = [
        f"`{field.name}`",
        linked(kind),
        "required" if field.required else f"`{default}`" if default else "empty",
        html.escape(", ".join(constraints), quote=False),
        html.escape(field.description, quote=False),
    ]
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def linked(kind: str) -> str:
    """A type; that of a component leads to the section of its kind."""
    return " ".join(
        f"[{word}](../reference/components.md#{word})" if word in KINDS else word
        for word in kind.split()
    )


MARKERS = {"{{ components }}": components, "{{ run }}": run, "{{ presets }}": presets}
"""What stands for a text in a page, and what makes the text."""

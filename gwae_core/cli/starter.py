"""A configuration to start from: every field with its default and its meaning."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic_core import to_jsonable_python

from gwae_core.components import ComponentConfig
from gwae_core.config import RunConfig
from gwae_core.errors import ConfigError
from gwae_core.files import write_text
from gwae_core.plugins import registry
from gwae_core.registered import Registered
from gwae_core.yaml import dump_yaml

WIDTH = 96
PLACEHOLDER = "FILL-ME-IN"
"""Value of a field that has no default."""

HEADER = """\
# A run of gwae-core: train it with `gwae train FILE`.
# Every field is here with its default; a field that is left out keeps it.
# `gwae plugins` lists all components, `gwae schema` the fields of each.
"""


def starting_config(*, data: str, objective: str) -> str:
    """The default configuration as commented YAML, with a data set and an objective.

    Raises:
        ComponentError: There is no such component.
    """
    config = RunConfig(
        data=_with_placeholders("dataset", data),
        objective=_with_placeholders("objective", objective),
    )
    return HEADER + "\n".join(_fields(config, "")) + "\n"


def write_new(path: Path, text: str) -> None:
    """Write a file that does not exist yet.

    Raises:
        ConfigError: The file exists.
        RunFolderError: It cannot be written.
    """
    if path.exists():
        raise ConfigError(f"{path} exists already", hint="choose another name, or remove it first")
    write_text(path, text)


def _with_placeholders(kind: str, name: str) -> Any:
    config: Any = registry().find(kind, name).component.Config
    required = [name for name, field in config.model_fields.items() if field.is_required()]
    return config.model_construct(**dict.fromkeys(required, PLACEHOLDER))


def _fields(model: BaseModel, indent: str, *, only: bool = False) -> Iterator[str]:
    """Lines of a section or component; ``only`` says that its field takes no other component."""
    for name, field in type(model).model_fields.items():
        held = getattr(model, name)
        if isinstance(model, ComponentConfig) and name == "type":
            component = model.component
            yield from _comment(component.summary(), indent)
            yield f"{indent}type: {held if only else registry().full_name(component)}"
            continue
        if not indent:
            yield ""
        yield from _comment(field.description or "", indent)
        chosen = any(isinstance(item, Registered) for item in field.metadata)
        if isinstance(held, ComponentConfig) and chosen:
            names = registry().names(held.component.kind)
            yield from _comment(f"One of: {', '.join(names)}.", indent)
        if isinstance(held, BaseModel):
            yield f"{indent}{name}:"
            yield from _fields(held, indent + "  ", only=not chosen)
        elif isinstance(held, tuple) and held and isinstance(held[0], BaseModel):
            yield f"{indent}{name}:"
            for item in held:
                yield from _item(item, indent)
        else:
            yield indent + _line(name, to_jsonable_python(held))


def _item(item: BaseModel, indent: str) -> Iterator[str]:
    """One item of a list: its comment, then its fields behind a dash."""
    lines = list(_fields(item, indent + "  "))
    first = next(k for k, line in enumerate(lines) if not line.lstrip().startswith("#"))
    lines[first] = f"{indent}- {lines[first].lstrip()}"
    yield from lines


def _line(name: str, value: Any) -> str:
    if isinstance(value, list | dict):
        return f"{name}: {json.dumps(value, ensure_ascii=False)}"
    return dump_yaml({name: value}).rstrip("\n")


def _comment(text: str, indent: str) -> Iterator[str]:
    prefix = f"{indent}# "
    plain = " ".join(text.split()).replace("``", "`")
    yield from textwrap.wrap(
        plain, WIDTH, initial_indent=prefix, subsequent_indent=prefix, break_on_hyphens=False
    )

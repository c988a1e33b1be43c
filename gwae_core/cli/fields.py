"""What a configuration declares of each field: type, default, constraints, description."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python

from gwae_core.components import ComponentConfig
from gwae_core.registered import SCHEMA_KEY

TYPES = {"integer": "int", "number": "float", "string": "str", "boolean": "bool", "object": "dict"}
BOUNDS = {
    "exclusiveMinimum": "> {}",
    "minimum": ">= {}",
    "exclusiveMaximum": "< {}",
    "maximum": "<= {}",
    "multipleOf": "a multiple of {}",
    "minLength": "length >= {}",
    "maxLength": "length <= {}",
    "minItems": "{} items or more",
    "maxItems": "{} items at most",
    "pattern": "matches {}",
}


@dataclass(frozen=True)
class Field:
    """A field, nested ones by their dotted names.

    Attributes:
        name: Name.
        type: Type; a kind where a component is held.
        required: Whether it has no default.
        default: Default, as in YAML; a component by its name.
        constraints: What values are allowed, such as ``> 0``.
        description: Its docstring.
    """

    name: str
    type: str
    required: bool
    default: Any
    constraints: tuple[str, ...]
    description: str

    @property
    def shown_default(self) -> str:
        """The default in a table."""
        if self.required:
            return "required"
        return self.default if isinstance(self.default, str) else json.dumps(self.default)


def fields(model: type[BaseModel], prefix: str = "") -> Iterator[Field]:
    """The fields of a configuration but its ``type``, in order."""
    schema = model.model_json_schema()
    for name, field in model.model_fields.items():
        if issubclass(model, ComponentConfig) and name == "type":
            continue
        section = _section(field)
        if section is not None:
            yield from fields(section, f"{prefix}{name}.")
            continue
        kind, constraints = _described(schema["properties"][name], schema.get("$defs", {}))
        yield Field(
            name=prefix + name,
            type=kind,
            required=field.is_required(),
            default=None if field.is_required() else _default(field),
            constraints=constraints,
            description=" ".join((field.description or "").split()).replace("``", "`"),
        )


def _section(field: FieldInfo) -> type[BaseModel] | None:
    """The section that a field holds, if it does; components have fields of their own."""
    kind = field.annotation
    if not isinstance(kind, type) or issubclass(kind, ComponentConfig):
        return None
    return kind if issubclass(kind, BaseModel) else None


def _default(field: FieldInfo) -> Any:
    value = field.get_default(call_default_factory=True)
    if isinstance(value, ComponentConfig):
        return value.type
    if isinstance(value, tuple):
        return [v.type if isinstance(v, ComponentConfig) else to_jsonable_python(v) for v in value]
    return to_jsonable_python(value)


def _described(node: Any, defined: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    """Type and constraints that a JSON schema says."""
    if not isinstance(node, Mapping):
        return "any", ()
    if SCHEMA_KEY in node:
        return node[SCHEMA_KEY][0], ()
    if "$ref" in node:
        name = node["$ref"].rpartition("/")[2]
        kind, constraints = _described(defined[name], defined)
        return (name.lower() if kind == TYPES["object"] else kind), constraints
    bounds = tuple(text.format(node[key]) for key, text in BOUNDS.items() if key in node)
    if options := node.get("enum", [node["const"]] if "const" in node else []):
        return "choice", (f"one of {', '.join(map(str, options))}", *bounds)
    if "anyOf" in node:
        parts = [_described(part, defined) for part in node["anyOf"]]
        kinds = dict.fromkeys(kind for kind, _ in parts)
        return " or ".join(kinds), (*(text for _, inner in parts for text in inner), *bounds)
    if node.get("type") == "array":
        items = [node["items"]] if "items" in node else node.get("prefixItems", [])
        parts = [_described(item, defined) for item in items]
        kinds = dict.fromkeys(kind for kind, _ in parts)
        each = dict.fromkeys(f"each {text}" for _, inner in parts for text in inner)
        return f"list of {', '.join(kinds) or 'any'}", (*each, *bounds)
    if "path" in node.get("format", ""):
        return "path", bounds
    name = str(node.get("type", "any"))
    return TYPES.get(name, name), bounds

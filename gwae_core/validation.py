"""Turn pydantic's errors into sentences: path, value, what is allowed, the nearest spelling."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from gwae_core.errors import ConfigError, GWAEError, did_you_mean
from gwae_core.registered import Registered


def explain(
    error: ValidationError, model: type[BaseModel], values: Mapping[str, Any], source: str
) -> ConfigError:
    """One line an error, each beginning with the source and the path of the field."""
    lines, hints = [], []
    for item in error.errors(include_url=False):
        path = ".".join(str(part) for part in item["loc"])
        lines.append(f"{source}: {f'{path}: ' if path else ''}{_sentence(item, model, values)}")
        if hint := item.get("ctx", {}).get("hint"):
            hints.append(str(hint))
    return ConfigError("\n".join(lines), hint="\n".join(dict.fromkeys(hints)) or None)


def _sentence(item: Any, model: type[BaseModel], values: Mapping[str, Any]) -> str:
    received = repr(item["input"])
    if len(received) > 80:
        received = received[:77] + "..."
    match item["type"]:
        case "extra_forbidden":
            fields = _fields_at(model, values, item["loc"][:-1])
            name = str(item["loc"][-1])
            guess = did_you_mean(name, fields)
            allowed = f"; allowed: {', '.join(fields)}" if fields else ""
            return f"unknown field {name!r}{guess}{allowed}"
        case "model_type" | "dict_type":
            return f"expected a mapping of fields; got {received}"
        case "tuple_type" | "list_type":
            return f"expected a list; got {received}"
        case "missing":
            return "this field is required"
        case "component":
            return str(item["msg"])
        case "value_error":
            return str(item["msg"]).removeprefix("Value error, ")
        case _:
            message = str(item["msg"])
            return f"{message[:1].lower()}{message[1:]}; got {received}"


def _fields_at(model: type[BaseModel], values: Any, location: tuple[int | str, ...]) -> list[str]:
    """Names of the fields that are allowed at a location of a configuration."""
    held: type[BaseModel] | Registered | None = model
    for part in location:
        if isinstance(part, str):
            inside = _model(held, values)
            field = inside.model_fields.get(part) if inside else None
            held = _held(field) if field else None
        try:
            values = values[part]
        except (KeyError, IndexError, TypeError):
            values = {}
    found = _model(held, values)
    return list(found.model_fields) if found else []


def _model(held: type[BaseModel] | Registered | None, values: Any) -> type[BaseModel] | None:
    """The model that values are read by, where a field holds a model or any component."""
    if not isinstance(held, Registered):
        return held
    try:
        return held.config_class(values if isinstance(values, Mapping) else {"type": values})
    except GWAEError:
        return None


def _held(field: FieldInfo) -> type[BaseModel] | Registered | None:
    """What a field holds, itself or as the items of a sequence."""
    return _search((*field.metadata, field.annotation))


def _search(parts: tuple[Any, ...]) -> type[BaseModel] | Registered | None:
    for part in parts:
        if isinstance(part, Registered) or (isinstance(part, type) and issubclass(part, BaseModel)):
            return part
        inner = (*getattr(part, "__metadata__", ()), *get_args(part))
        if found := _search(inner):
            return found
    return None

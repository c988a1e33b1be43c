"""Turn pydantic's errors into sentences: path, value, what is allowed, the nearest spelling."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from gwae_core.errors import GWAEError
from gwae_core.registered import Registered


def explain(
    error: ValidationError, model: type[BaseModel], values: Mapping[str, Any], source: str
) -> str:
    """One line an error, each beginning with the source and the path of the field."""
    lines = []
    for item in error.errors(include_url=False):
        path = ".".join(str(part) for part in item["loc"])
        lines.append(f"{source}: {f'{path}: ' if path else ''}{_sentence(item, model, values)}")
    return "\n".join(lines)


def _sentence(item: Any, model: type[BaseModel], values: Mapping[str, Any]) -> str:
    received = repr(item["input"])
    if len(received) > 80:
        received = received[:77] + "..."
    match item["type"]:
        case "extra_forbidden":
            fields = _fields_at(model, values, item["loc"][:-1])
            name = str(item["loc"][-1])
            close = difflib.get_close_matches(name, fields, n=1)
            guess = f"; did you mean {close[0]!r}?" if close else ""
            return f"unknown field {name!r}{guess}; allowed: {', '.join(fields)}"
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
    for part in location:
        values = _child(values, part)
        if isinstance(part, int):
            continue
        field = model.model_fields.get(part)
        if field is None:
            return []
        marker = next((m for m in _metadata(field) if isinstance(m, Registered)), None)
        if marker is not None:
            mapping = values if isinstance(values, Mapping) else {"type": values}
            # In a sequence the location goes on with the position of the item.
            if isinstance(values, list | tuple):
                mapping = _child(values, next(p for p in location if isinstance(p, int)))
            try:
                model = marker.config_class(mapping)
            except GWAEError:
                return []
        elif isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            model = field.annotation
        else:
            return []
    return list(model.model_fields)


def _metadata(field: Any) -> list[Any]:
    inner = [m for arg in get_args(field.annotation) for m in getattr(arg, "__metadata__", ())]
    return [*field.metadata, *inner]


def _child(values: Any, part: int | str) -> Any:
    try:
        return values[part]
    except (KeyError, IndexError, TypeError):
        return {}

"""Values inside of other values: what is done to a tensor, done to each in a tuple or dataclass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from typing import Any

from torch import Tensor


def mapped(value: Any, function: Callable[[Any], Any], *, kind: type[Any] = Tensor) -> Any:
    """A value with a function applied to everything of a kind inside of it.

    Tuples, lists, dictionaries and dataclasses are gone through; one of these in which nothing
    changes, and whatever else, stays the object that it is.

    Args:
        value: The value.
        function: Of one leaf.
        kind: Type of the leaves.
    """
    if isinstance(value, kind):
        return function(value)
    match value:
        case tuple() | list():
            items = [mapped(item, function, kind=kind) for item in value]
            changed = any(new is not old for new, old in zip(items, value, strict=True))
            return (tuple(items) if isinstance(value, tuple) else items) if changed else value
        case dict():
            entries = {key: mapped(item, function, kind=kind) for key, item in value.items()}
            return entries if any(entries[key] is not value[key] for key in value) else value
    if not is_dataclass(value) or isinstance(value, type):
        return value
    held = {f.name: getattr(value, f.name) for f in fields(value) if f.init}
    found = {name: mapped(item, function, kind=kind) for name, item in held.items()}
    return replace(value, **found) if any(found[name] is not held[name] for name in held) else value

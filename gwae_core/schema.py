"""The JSON schema of a run configuration, with one definition for each installed component."""

from __future__ import annotations

import warnings
from typing import Any

from pydantic import BaseModel
from pydantic.errors import PydanticUserError

from gwae_core.config import RunConfig
from gwae_core.interfaces import KINDS
from gwae_core.plugins import registry
from gwae_core.registered import SCHEMA_KEY
from gwae_core.registry import Entry

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def run_schema() -> dict[str, Any]:
    """JSON schema of `RunConfig`.

    ``$defs`` holds ``kind.name`` for each component and ``kind`` for the choice among them. The
    definitions are generated separately and joined by reference, so a component may hold another of
    its own kind.
    """
    definitions: dict[str, Any] = {}
    root = _generate(RunConfig, definitions, prefix="run")
    options: dict[str, list[Any]] = {kind: [] for kind in KINDS}
    bare_names: dict[str, list[str]] = {kind: [] for kind in KINDS}
    ambiguous = {(kind, name) for kind, name, _ in registry().ambiguous()}
    for entry in registry():
        kind, name = entry.component.kind, entry.component.name()
        full_name = registry().full_name(entry.component)
        # A bare name that two plugins claim means neither.
        names = [full_name] if (kind, name) in ambiguous else list(dict.fromkeys([name, full_name]))
        key = f"{kind}.{names[0]}"
        definition = _definition(entry, definitions, prefix=key)
        definition["description"] = entry.component.summary()
        definition["properties"]["type"] = {"enum": names}
        definitions[key] = definition
        options.setdefault(kind, []).append({"$ref": f"#/$defs/{key}"})
        bare_names.setdefault(kind, []).extend(names)
    for kind, names in bare_names.items():
        choice = [*options[kind], {"enum": names, "description": "a bare name: all defaults"}]
        definitions[kind] = {"anyOf": choice} if names else {"not": {}}
    return {
        "$schema": DIALECT,
        "title": "gwae-core run",
        **_linked(root),
        "$defs": _linked(definitions),
    }


def _definition(entry: Entry, definitions: dict[str, Any], *, prefix: str) -> dict[str, Any]:
    """Schema of a component; one whose fields have none stands there with any fields."""
    try:
        return _generate(entry.component.Config, definitions, prefix=prefix)
    except PydanticUserError as error:
        reason = str(error).partition("\n")[0]
        warnings.warn(
            f"{entry.source}: the fields of {entry.component.kind} {entry.component.name()!r} "
            f"have no JSON schema: {reason}",
            stacklevel=3,
        )
        return {"type": "object", "properties": {}}


def _generate(
    model: type[BaseModel], definitions: dict[str, Any], *, prefix: str
) -> dict[str, Any]:
    """Schema of one model; models nested in it go to the definitions as ``prefix.Name``."""
    schema = model.model_json_schema(ref_template="#/$defs/" + prefix + ".{model}")
    for name, nested in schema.pop("$defs", {}).items():
        definitions[f"{prefix}.{name}"] = nested
    return schema


def _linked(node: Any) -> Any:
    """Replace each field that holds a component by a reference to its kind."""
    if isinstance(node, list):
        return [_linked(item) for item in node]
    if not isinstance(node, dict):
        return node
    linked = {key: _linked(value) for key, value in node.items() if key != SCHEMA_KEY}
    if SCHEMA_KEY in node:
        kind, default = node[SCHEMA_KEY]
        linked["$ref"] = f"#/$defs/{kind}"
        if default is None:
            linked["required"] = ["type"]
        else:
            linked["if"] = {"properties": {"type": False}}
            linked["then"] = {
                "if": {"type": "object"},
                "then": {"$ref": f"#/$defs/{kind}.{default}"},
            }
    return linked

"""The JSON schema of a run configuration, with one definition for each installed component."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from gwae_core.config import RunConfig
from gwae_core.interfaces import KINDS
from gwae_core.plugins import registry
from gwae_core.registered import SCHEMA_KEY

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def run_schema() -> dict[str, Any]:
    """JSON schema of `RunConfig`.

    ``$defs`` holds ``kind.name`` for each component and ``kind`` for the choice among them. The
    definitions are generated separately and joined by reference, so a component may hold another of
    its own kind.
    """
    definitions: dict[str, Any] = {}
    root = _generate(RunConfig, definitions, prefix="run")
    choices: dict[str, list[str]] = {kind: [] for kind in KINDS}
    for entry in registry():
        kind, name = entry.component.kind, entry.component.name()
        if name in choices[kind]:  # claimed by two plugins
            name = f"{entry.source.distribution}:{name}"
        choices[kind].append(name)
        definitions[f"{kind}.{name}"] = _generate(
            entry.component.Config, definitions, prefix=f"{kind}.{name}"
        )
        definitions[f"{kind}.{name}"]["description"] = entry.component.summary()
    for kind, names in choices.items():
        options: list[dict[str, Any]] = [{"$ref": f"#/$defs/{kind}.{name}"} for name in names]
        if names:
            options.append({"enum": names, "description": "a bare name: all defaults"})
        definitions[kind] = {"anyOf": options} if options else {"not": {}}
    return {
        "$schema": DIALECT,
        "title": "gwae-core run",
        **_linked(root),
        "$defs": _linked(definitions),
    }


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
        linked["$ref"] = f"#/$defs/{node[SCHEMA_KEY]}"
    return linked

"""What is installed: the components, and what could not be had and why."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict

from gwae_core.cli.tables import table
from gwae_core.registry import Registry


def listing_text(registry: Registry) -> str:
    """The components as a table, then what failed, was refused, is disabled or ambiguous."""
    rows = [
        (
            entry.component.kind,
            entry.component.name(),
            entry.source.distribution,
            entry.source.version,
            entry.component.summary(),
        )
        for entry in registry
    ]
    parts = [table(("kind", "name", "distribution", "version", "summary"), rows)]
    parts += _section("failed to load", (f"{r.source}: {r.reason}" for r in registry.failed))
    parts += _section(
        "refused", (f"{r.source}, {r.component}: {r.reason}" for r in registry.refused)
    )
    parts += _section("disabled", (str(source) for source in registry.disabled))
    parts += _section(
        "claimed by several; a configuration says DISTRIBUTION:NAME",
        (
            f"{kind} {name}: {', '.join(str(entry.source) for entry in claimants)}"
            for kind, name, claimants in registry.ambiguous()
        ),
    )
    return "\n".join(parts)


def _section(title: str, lines: Iterable[str]) -> list[str]:
    found = [f"  {line}" for line in lines]
    return [f"\n{title}:", *found] if found else []


def listing_json(registry: Registry) -> str:
    """The same for programs."""
    components = [
        {
            "kind": entry.component.kind,
            "name": entry.component.name(),
            "full_name": registry.full_name(entry.component),
            "summary": entry.component.summary(),
            **asdict(entry.source),
        }
        for entry in registry
    ]
    return json.dumps(
        {
            "components": components,
            "failed": [{**asdict(r.source), "reason": r.reason} for r in registry.failed],
            "refused": [
                {**asdict(r.source), "component": r.component, "reason": r.reason}
                for r in registry.refused
            ],
            "disabled": [asdict(source) for source in registry.disabled],
            "ambiguous": [
                {"kind": kind, "name": name, "claimed_by": [asdict(e.source) for e in claimants]}
                for kind, name, claimants in registry.ambiguous()
            ],
        },
        indent=2,
    )

"""What is installed: the components, and what could not be had and why."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict

from gwae_core.cli.tables import screen_width, table, wrapped
from gwae_core.registry import Registry


def listing_text(registry: Registry) -> str:
    """The components as a table, then what failed, was refused, is disabled or ambiguous."""
    rows: dict[str, list[tuple[str, ...]]] = {}
    for entry in registry:
        component, source = entry.component, entry.source
        facts = (
            f"  {component.name()}",
            source.distribution,
            source.version,
            component.summary().replace("``", "`"),
        )
        rows.setdefault(component.kind, []).append(facts)
    listed = [row for kind, found in rows.items() for row in ((kind, "", "", ""), *found)]
    header = ("kind, name", "distribution", "version", "summary")
    parts = [table(header, listed, width=screen_width())]
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
    found = [row for line in lines for row in wrapped(f"  {line}", screen_width(), hang="    ")]
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

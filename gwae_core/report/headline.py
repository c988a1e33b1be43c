"""What a run is, in its title and a few facts below it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from gwae_core.report.records import Log


def _type(config: Mapping[str, Any], key: str) -> str:
    value = config.get(key)
    name = value.get("type") if isinstance(value, Mapping) else value
    return str(name) if name is not None else ""


def title(config: Mapping[str, Any]) -> str:
    """What the run trained, and on which data."""
    model = _type(config, "objective").upper() or "Run"
    source = config.get("data")
    path = source.get("path") if isinstance(source, Mapping) else None
    data = Path(path).stem if isinstance(path, str) else _type(config, "data")
    return f"{model} on {data}" if data else model


def facts_of(
    config: Mapping[str, Any],
    environment: Mapping[str, Any],
    log: Log,
    facts: Mapping[str, Any],
) -> list[tuple[str, str]]:
    """What the run is, as names and values; those that are known."""
    found = [
        (name, _type(config, name)) for name in ("prior", "encoder", "decoder", "reconstruction")
    ]
    found.append(("latent dimensions", str(config.get("latent_dim", ""))))
    start = (log.of("start") or [{}])[-1]
    counts = {key: start[key] for key in ("train", "validation", "test") if key in start}
    counts = counts or dict(facts.get("counts", {}))
    found.append(("data points", ", ".join(f"{n:,} {part}" for part, n in counts.items())))
    if "data_shape" in facts:
        found.append(("data shape", " × ".join(str(size) for size in facts["data_shape"])))
    if isinstance(start.get("parameters"), int):
        found.append(("parameters", f"{start['parameters']:,}"))
    steps = [record["step"] for record in log.records if isinstance(record.get("step"), int)]
    found.append(("steps", f"{max(steps):,}" if steps else ""))
    found.append(("seed", str(config.get("seed", ""))))
    ends = log.of("end")
    seconds = ends[-1].get("seconds") if ends else None
    found.append(("training time", _duration(seconds)))
    found.append(("started", _date(environment.get("started"))))
    versions = environment.get("versions")
    if isinstance(versions, Mapping):
        shown = [f"{name} {versions[name]}" for name in ("gwae-core", "torch") if name in versions]
        found.append(("versions", ", ".join(shown)))
    return [(name, value) for name, value in found if value]


def _duration(seconds: Any) -> str:
    if not isinstance(seconds, int | float):
        return ""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def _date(value: Any) -> str:
    try:
        return f"{datetime.fromisoformat(value):%d %B %Y, %H:%M %Z}".strip()
    except (TypeError, ValueError):
        return ""

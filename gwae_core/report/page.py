"""From a run folder to ``report.html`` and ``figures/*.png``."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from gwae_core.errors import RunFolderError
from gwae_core.evaluation.stored import FOLDER, Evaluation, load_evaluation
from gwae_core.files import read_json, write_atomically, write_text
from gwae_core.report.numbers import key_numbers, tables
from gwae_core.report.records import Log
from gwae_core.report.sections import Section, data_sections, latent_sections
from gwae_core.report.training import health_panels, loss_panels
from gwae_core.yaml import parse_yaml

DAMAGE = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError)
"""How drawing fails at arrays and records of shapes and types that no run writes."""
TEMPLATE = Path(__file__).with_name("template.html")


def write_report(run_folder: Path) -> Path:
    """Write the report of a run: it reads the run's files, and nothing else.

    ``report.html`` holds its pictures and styles and loads nothing from outside; ``figures/`` holds
    the pictures as files. A run that has no evaluation, because training failed, gets a report of
    its training.

    Args:
        run_folder: A folder with ``config.yaml``; ``environment.json``, ``metrics.jsonl`` and
            ``evaluation/`` are shown where they are there.

    Returns:
        The path of the page.

    Raises:
        RunFolderError: The folder is not a run folder, is damaged, or cannot be read or written.
    """
    folder = Path(run_folder)
    try:
        return _write(folder)
    except DAMAGE as error:
        raise RunFolderError(
            f"the files of {folder} do not fit together: {type(error).__name__}: {error}",
            hint=f"gwae evaluate {folder} writes its evaluation again",
        ) from error


def _write(folder: Path) -> Path:
    from jinja2 import Environment, StrictUndefined

    text = _config_text(folder / "config.yaml")
    config = parse_yaml(text, source="config.yaml")
    environment = _optional_json(folder / "environment.json")
    log = Log.read(folder / "metrics.jsonl")
    evaluation = load_evaluation(folder) if (folder / FOLDER / "metrics.json").is_file() else None
    sections = _sections(config, log, evaluation)
    for section in sections:
        for panel in section.panels:
            path = folder / "figures" / f"{re.sub(r'[^A-Za-z0-9_-]', '_', panel.name)}.png"
            write_atomically(path, lambda target, png=panel.png: target.write_bytes(png))  # type: ignore[misc]

    page = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    page.filters["base64"] = lambda content: base64.b64encode(content).decode("ascii")
    facts = evaluation.facts if evaluation else {}
    html = page.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        title=_title(config),
        facts=_facts(config, environment, log, facts),
        evaluated=evaluation is not None,
        split=facts.get("split", "test"),
        key_numbers=key_numbers(
            evaluation.metrics, d_x_name=str(facts.get("d_x_name", "euclidean"))
        )
        if evaluation
        else [],
        tables=tables(evaluation.metrics) if evaluation else [],
        skipped=facts.get("skipped", []),
        warnings=log.of("warning"),
        failures=log.of("failure"),
        sections=sections,
        folder=folder.resolve().name,
        config=text,
        environment=_flatten(environment),
    )
    write_text(folder / "report.html", html)
    return folder / "report.html"


def _config_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RunFolderError(
            f"{path.parent} is not a run folder: config.yaml cannot be read",
            hint="give the folder that `gwae train` wrote",
        ) from error


def _optional_json(path: Path) -> dict[str, Any]:
    return read_json(path) if path.is_file() else {}


def _sections(config: Mapping[str, Any], log: Log, evaluation: Evaluation | None) -> list[Section]:
    sections: list[Section] = []
    if evaluation is not None:
        sections += [*data_sections(evaluation), *latent_sections(evaluation)]
    losses = tuple(loss_panels(log))
    text = "The weighted terms that training minimised, and their sum."
    if len(log.of("stage")) > 1:
        text += " Dotted lines part the stages, whose totals are not comparable."
    sections.append(Section("losses", "Loss terms", text, losses))
    latent_dim = config.get("latent_dim")
    health = tuple(
        health_panels(log, latent_dim=latent_dim if isinstance(latent_dim, int) else None)
    )
    sections.append(Section("health", "Health", "What was watched on training batches.", health))
    return _paired([section for section in sections if section.panels])


def _paired(sections: list[Section]) -> list[Section]:
    """Give a half section that has no other half beside it the whole width."""
    found: list[Section] = []
    waiting = False
    for k, section in enumerate(sections):
        if section.half and not waiting and not (k + 1 < len(sections) and sections[k + 1].half):
            section = replace(section, half=False)
        waiting = section.half and not waiting
        found.append(section)
    return found


def _type(config: Mapping[str, Any], key: str) -> str:
    value = config.get(key)
    name = value.get("type") if isinstance(value, Mapping) else value
    return str(name) if name is not None else ""


def _title(config: Mapping[str, Any]) -> str:
    model = _type(config, "objective").upper() or "Run"
    source = config.get("data")
    path = source.get("path") if isinstance(source, Mapping) else None
    data = Path(path).stem if isinstance(path, str) else _type(config, "data")
    return f"{model} on {data}" if data else model


def _facts(
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
    start = {**(log.of("start") or [{}])[-1]}
    counts = {**{key: start[key] for key in ("train", "validation", "test") if key in start}}
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


def _flatten(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Nested mappings as names joined by dots."""
    found: list[tuple[str, str]] = []
    for key, value in values.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            found += _flatten(value, f"{name}.")
        elif isinstance(value, list):
            found.append((name, ", ".join(str(item) for item in value)))
        else:
            found.append((name, str(value)))
    return found

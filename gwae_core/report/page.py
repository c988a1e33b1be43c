"""From a run folder to ``report.html`` and ``figures/*.png``."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from gwae_core.errors import RunFolderError
from gwae_core.evaluation.stored import FOLDER, load_evaluation
from gwae_core.files import read_json, write_atomically, write_text
from gwae_core.records import flat
from gwae_core.report.clusters import cluster_sections
from gwae_core.report.coupling import coupling_sections
from gwae_core.report.factors import factor_sections
from gwae_core.report.headline import facts_of, title
from gwae_core.report.numbers import intervals_of, key_numbers, tables
from gwae_core.report.records import Log
from gwae_core.report.roc import ood_sections
from gwae_core.report.section import DAMAGE, Section, build
from gwae_core.report.sections import data_sections, latent_sections
from gwae_core.report.training import health_panels, loss_panels
from gwae_core.report.verdict import verdict
from gwae_core.yaml import parse_yaml

EVALUATED = {
    "data": data_sections,
    "codes": latent_sections,
    "clusters": cluster_sections,
    "coupling": coupling_sections,
    "codes and factors": factor_sections,
    "out of distribution": ood_sections,
}
"""What is drawn of an evaluation, in the order of the page."""
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
    sections, undrawn = build(EVALUATED, evaluation) if evaluation else ([], [])
    sections = _paired([*sections, *_training_sections(config, log)])
    for section in sections:
        for panel in section.panels:
            _write_bytes(folder, f"{panel.name}.png", panel.png)
        if section.animation is not None:
            _write_bytes(folder, f"{section.animation.name}.gif", section.animation.gif)

    page = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    page.filters["base64"] = lambda content: base64.b64encode(content).decode("ascii")
    facts = evaluation.facts if evaluation else {}
    intervals = intervals_of(facts)
    html = page.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        title=title(config),
        facts=facts_of(config, environment, log, facts),
        evaluated=evaluation is not None,
        split=facts.get("split", "test"),
        key_numbers=key_numbers(
            evaluation.metrics,
            d_x_name=str(facts.get("d_x_name", "euclidean")),
            intervals=intervals,
        )
        if evaluation
        else [],
        tables=tables(evaluation.metrics, intervals) if evaluation else [],
        intervals=bool(intervals),
        skipped=facts.get("skipped", []),
        warnings=log.of("warning"),
        failures=log.of("failure"),
        undrawn=undrawn,
        sections=sections,
        folder=folder.resolve().name,
        config=text,
        environment=[(name, _text(value)) for name, value in flat(environment)],
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


def _write_bytes(folder: Path, name: str, content: bytes) -> None:
    stem, _, suffix = name.rpartition(".")
    path = folder / "figures" / f"{re.sub(r'[^A-Za-z0-9_-]', '_', stem)}.{suffix}"
    write_atomically(path, lambda target: target.write_bytes(content))


def _training_sections(config: Mapping[str, Any], log: Log) -> list[Section]:
    text = "The weighted terms that training minimised, and their sum."
    if len(log.of("stage")) > 1:
        text += " Dotted lines part the stages, whose totals are not comparable."
    losses = Section("losses", "Loss terms", text, (*loss_panels(log),))
    size = config.get("latent_dim")
    latent_dim = size if isinstance(size, int) else None
    text = "What was watched on training batches; a finding speaks of the end of the last stage."
    panels = (*health_panels(log, latent_dim=latent_dim),)
    judged = verdict(log, latent_dim=latent_dim)
    health = Section("health", "Health", text, panels, verdict=judged)
    return [section for section in (losses, health) if section.panels]


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


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)

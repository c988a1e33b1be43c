"""The health of a run in words: what was watched, and whether it gives cause to worry."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from statistics import median_high
from typing import Literal

from gwae_core.engine.health import MAX_SCALE, MIN_EXPLAINED
from gwae_core.report.records import Log

State = Literal["good", "look", "bad"]
ENDING, WARNINGS = "end of training", "warnings"

FADED = 0.01
"""Gradient norm of a term, as a share of the largest, below which it has no say."""
GROWN = 30.0
"""Growth of the whole gradient within a stage beyond which training is not steady."""
WORSE = 0.1
"""Rise of the validation loss over its least value, as a share, that counts as overfitting."""
FLOOR = -9.0
"""Mean log variance of a posterior that is next to deterministic."""
LAST = 5
"""Records at the end of training that a finding speaks of, as their median."""


@dataclass(frozen=True)
class Finding:
    """What one of the watched quantities says.

    Attributes:
        name: The quantity.
        state: ``good``, ``look`` for something to look at, or ``bad``.
        text: What was seen, in a few words.
    """

    name: str
    state: State
    text: str


@dataclass(frozen=True)
class Verdict:
    """All findings, the worst of them, and one sentence.

    Attributes:
        state: The worst state among the findings.
        text: The verdict.
        findings: In the order of the page.
    """

    state: State
    text: str
    findings: tuple[Finding, ...]


def verdict(log: Log, *, latent_dim: int | None) -> Verdict | None:
    """Judge a run by its records; None where nothing was watched."""
    judged = (
        _ending(log),
        _warnings(log),
        *_observed(log, latent_dim),
        _validation(log),
        _gradient(log),
        _terms(log),
    )
    findings = tuple(found for found in judged if found is not None)
    watched = [found for found in findings if found.name not in (ENDING, WARNINGS)]
    if not watched:
        return None
    bad = [found.name for found in findings if found.state == "bad"]
    look = [found.name for found in findings if found.state == "look"]
    if bad:
        return Verdict("bad", f"Not healthy: {', '.join(bad)}.", findings)
    if look:
        return Verdict("look", f"Trained, with something to look at: {', '.join(look)}.", findings)
    return Verdict("good", "Healthy: nothing that was watched gives cause to worry.", findings)


def _last(log: Log, *keys: str) -> float | None:
    """Median of the last values of a series of the last stage."""
    values = _of_last_stage(log, "train", *keys)[-LAST:]
    return median_high(values) if values else None


def _of_last_stage(log: Log, event: str, *keys: str) -> list[float]:
    records = log.of(event)
    stage = records[-1].get("stage") if records else None
    return Log([one for one in records if one.get("stage") == stage]).series(event, *keys).values


def _ending(log: Log) -> Finding | None:
    if failures := log.of("failure"):
        return Finding(ENDING, "bad", f"failed at step {failures[-1].get('step', '?')}")
    if log.of("end"):
        return Finding(ENDING, "good", "all steps done")
    if log.of("train"):
        return Finding(ENDING, "look", "not finished: the log ends before training does")
    return None


def _warnings(log: Log) -> Finding | None:
    count = len(log.of("warning"))
    if not log.records:
        return None
    text = f"{count} while training, listed above" if count else "none while training"
    return Finding(WARNINGS, "look" if count else "good", text)


def _observed(log: Log, latent_dim: int | None) -> Iterator[Finding]:
    judges: dict[str, Callable[[float], Finding]] = {
        "active_units": partial(_active_units, latent_dim=latent_dim),
        "posterior_scale": _posterior_scale,
        "explained_variance": _explained_variance,
        "log_variance": _log_variance,
    }
    for name, judge in judges.items():
        if (value := _last(log, "observed", name)) is not None:
            yield judge(value)


def _active_units(active: float, latent_dim: int | None) -> Finding:
    many = f"{active:.0f} of {latent_dim}" if latent_dim else f"{active:.0f}"
    text = f"{many} latent dimensions depend on the data"
    fewest = 1 if latent_dim == 1 else 2
    if active < fewest:
        return Finding("active units", "bad", f"{text}: the posterior collapsed")
    if latent_dim and active < latent_dim / 2:
        return Finding("active units", "look", f"{text}: half of them are unused")
    return Finding("active units", "good", text)


def _posterior_scale(scale: float) -> Finding:
    text = f"codes have a root mean square of {scale:.3g}"
    if scale > MAX_SCALE:
        return Finding("posterior scale", "bad", f"{text}, beyond {MAX_SCALE:g}: it exploded")
    return Finding("posterior scale", "good", text)


def _explained_variance(explained: float) -> Finding:
    text = f"reconstructions explain {max(explained, 0.0):.0%} of a batch's variance"
    if explained < MIN_EXPLAINED:
        return Finding("reconstruction", "bad", f"{text}: little more than the mean")
    return Finding("reconstruction", "good" if explained > 0.5 else "look", text)


def _log_variance(value: float) -> Finding:
    text = f"mean log variance of the posterior {value:.2g}"
    if value < FLOOR:
        return Finding("posterior noise", "look", f"{text}: next to an autoencoder without noise")
    return Finding("posterior noise", "good", text)


def _validation(log: Log) -> Finding | None:
    totals = _of_last_stage(log, "validation", "total")
    if len(totals) < 3 or min(totals) <= 0:
        return None
    rise = totals[-1] / min(totals) - 1
    text = "the loss on the validation split is at its least"
    if rise > 0.005:
        text = f"the loss on the validation split is {rise:.0%} above its least"
    if rise > WORSE:
        return Finding("validation", "look", f"{text}: train shorter, or keep the best checkpoint")
    return Finding("validation", "good", text)


def _gradient(log: Log) -> Finding | None:
    grown = []
    for group in log.names("train", "total_gradient_norm"):
        norms = _of_last_stage(log, "train", "total_gradient_norm", group)
        if len(norms) >= LAST and (middle := median_high(norms)) > 0:
            grown.append(norms[-1] / middle)
    if not grown:
        return None
    most = max(grown)
    text = f"the last norm is {most:.2g} times the median of its stage"
    if most > GROWN:
        return Finding("gradient", "look", f"{text}: not steady")
    return Finding("gradient", "good", text)


def _terms(log: Log) -> Finding | None:
    norms = {
        name: norm
        for name in log.names("train", "gradient_norm")
        if (norm := _last(log, "gradient_norm", name)) is not None
    }
    largest = max(norms.values(), default=0.0)
    if largest <= 0:
        return None
    faded = [name for name, norm in norms.items() if norm < FADED * largest]
    if faded:
        text = f"under {FADED:.0%} of the largest gradient: {', '.join(faded)}"
        return Finding("balance of terms", "look", text)
    return Finding("balance of terms", "good", "every term has a say in the gradient")

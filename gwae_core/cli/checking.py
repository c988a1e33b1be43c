"""`gwae plugins check`: the conformance kit on what is installed."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from packaging.utils import canonicalize_name
from pydantic import ValidationError

from gwae_core.cli.showing import component_of
from gwae_core.cli.tables import screen_width, table
from gwae_core.components import ComponentConfig
from gwae_core.errors import ComponentError, ConfigError, GWAEError, did_you_mean
from gwae_core.plugins import registry
from gwae_core.registry import Entry, Refusal
from gwae_core.testing import CheckResult, run_checks
from gwae_core.testing.suite import subject_of
from gwae_core.validation import explain
from gwae_core.yaml import apply_overrides

USUAL_SHAPES = ((1, 8, 8), (64,), (3, 8, 8), (1, 64))
"""Shapes of a data point that are tried in turn: images, series or tables, colours, channels."""


@dataclass(frozen=True)
class Target:
    """What is asked to be checked: components, and what could not be had of a distribution."""

    components: Sequence[Entry]
    missing: Sequence[Refusal] = ()


@dataclass(frozen=True)
class Checked:
    """A component, or a plugin that could not be had, and its results."""

    label: str
    kind: str
    name: str
    distribution: str
    version: str
    results: list[CheckResult] = field(default_factory=list)

    def count(self, status: str) -> int:
        """Number of results of a status."""
        return sum(result.status == status for result in self.results)


def target_of(names: Sequence[str]) -> Target:
    """What ``KIND NAME``, the name of a component of any kind, or of a distribution, means.

    Raises:
        ComponentError: There is none of that name.
        ConfigError: There are more names than two.
    """
    found = registry()
    if len(names) > 2:
        raise ConfigError(f"expected NAME or KIND NAME; got {' '.join(names)}")
    if len(names) == 2:
        return Target([component_of(*names)])
    (name,) = names
    prefix, _, short = name.rpartition(":")
    same_name = [
        entry
        for entry in found
        if entry.component.name() == short and prefix in ("", entry.source.distribution)
    ]
    if same_name:
        return Target(same_name)
    distribution = canonicalize_name(name)
    components = [entry for entry in found if entry.source.distribution == distribution]
    missing = [
        refusal
        for refusal in [*found.failed, *found.refused]
        if canonicalize_name(refusal.source.distribution) == distribution
    ]
    if components or missing:
        return Target(components, missing)
    if distribution in {source.distribution for source in found.disabled}:
        raise ComponentError(
            f"{distribution} is disabled",
            hint="the variables GWAE_PLUGINS and GWAE_DISABLE_PLUGINS say which plugins are loaded",
        )
    known = {text for e in found for text in (e.component.name(), e.source.distribution)}
    meant = did_you_mean(name, sorted(known))
    raise ComponentError(
        f"no component and no distribution is called {name!r}{meant}",
        hint="`gwae plugins` lists the components, `gwae plugins --quick` the distributions",
    )


def shape_of(text: str) -> tuple[int, ...]:
    """The shape that a text such as ``1,8,8`` says.

    Raises:
        ConfigError: It says none.
    """
    sizes = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and int(part) > 0 for part in sizes):
        raise ConfigError(f"a shape is positive numbers with commas, such as 1,8,8; got {text!r}")
    return tuple(int(part) for part in sizes)


def usual_shape(config: ComponentConfig, latent_dim: int) -> tuple[int, ...]:
    """The first of the usual shapes that the component can be built for; images if there is none.

    A network for series or tables refuses images, which would look like a dozen broken laws.
    """
    for shape in USUAL_SHAPES:
        try:
            subject_of(config, data_shape=shape, latent_dim=latent_dim).build()
        except GWAEError:
            continue
        except Exception:
            break  # broken in another way: the checks say how
        return shape
    return USUAL_SHAPES[0]


def check(
    target: Target,
    *,
    overrides: Sequence[str] = (),
    data_shape: tuple[int, ...] | None = None,
    latent_dim: int = 3,
) -> Iterator[Checked]:
    """Check what was asked for, one component after the other.

    Args:
        target: What is checked.
        overrides: Parameters ``KEY=VALUE`` of the component, where it is only one.
        data_shape: Shape of a data point.
        latent_dim: Number of latent dimensions.

    Raises:
        ConfigError: The parameters are not valid, or given for several components.
    """
    if overrides and len(target.components) != 1:
        raise ConfigError(
            f"--set is for one component; {len(target.components)} are checked",
            hint="name the component: gwae plugins check KIND NAME --set KEY=VALUE",
        )
    for refusal in target.missing:
        result = CheckResult("registration", "failed", refusal.reason)
        source = refusal.source
        label = f"{refusal.component or 'the plugin'}, from {source}"
        yield Checked(label, "", refusal.component, source.distribution, source.version, [result])
    for entry in target.components:
        component, source = entry.component, entry.source
        label = f"{component.kind} {component.name()}, from {source}"
        try:
            config = _config(entry, overrides)
        except ConfigError as error:
            if len(target.components) == 1:
                raise
            message = f"it needs parameters; check it alone, with --set: {error.message}"
            results = [CheckResult("all", "skipped", message)]
        else:
            shape = data_shape or usual_shape(config, latent_dim)
            if shape != USUAL_SHAPES[0]:
                label += f", on data of shape {','.join(map(str, shape))}"
            results = run_checks(config, data_shape=shape, latent_dim=latent_dim)
        yield Checked(
            label, component.kind, component.name(), source.distribution, source.version, results
        )


def checked_text(checked: Checked) -> str:
    """The results of a component as a table."""
    rows = [(result.status, result.name, result.message) for result in checked.results]
    return f"{checked.label}\n" + table(("status", "check", "message"), rows, width=screen_width())


def total_text(all_checked: Sequence[Checked]) -> str:
    """How many passed, failed and were skipped."""
    counts = Counter(result.status for checked in all_checked for result in checked.results)
    return ", ".join(f"{counts[status]} {status}" for status in ("passed", "failed", "skipped"))


def checked_json(all_checked: Sequence[Checked]) -> str:
    """All results for programs."""
    listed = [
        {
            "kind": checked.kind,
            "name": checked.name,
            "distribution": checked.distribution,
            "version": checked.version,
            "results": [asdict(result) for result in checked.results],
        }
        for checked in all_checked
    ]
    failed = sum(checked.count("failed") for checked in all_checked)
    return json.dumps({"checked": listed, "failed": failed}, indent=2, ensure_ascii=False)


def _config(entry: Entry, overrides: Sequence[str]) -> ComponentConfig:
    model = entry.component.Config
    values: Mapping[str, Any] = apply_overrides({"type": entry.component.name()}, overrides)
    try:
        return model.model_validate(values)
    except ValidationError as error:
        label = f"{entry.component.kind} {entry.component.name()}"
        found = explain(error, model, values, label)
        raise ConfigError(
            found.message, hint=found.hint or "give parameters with --set KEY=VALUE"
        ) from error

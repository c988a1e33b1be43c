"""Installed plugins as their metadata tell of them: neither a plugin nor torch is imported."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, EntryPoint, distributions

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

import gwae_core

CORE = "gwae-core"
"""The distribution of this package."""
GROUP = "gwae"
"""The entry-point group of plugins."""


@dataclass(frozen=True)
class Installed:
    """One entry point of a plugin.

    Attributes:
        distribution: Name of the distribution, normalised.
        version: Its version.
        entry_point: The entry point; None where the distribution's metadata are damaged.
        enabled: Whether the environment leaves it enabled.
        reason: Why it cannot be taken; empty where nothing is known against it.
    """

    distribution: str
    version: str
    entry_point: EntryPoint | None
    enabled: bool = True
    reason: str = ""

    @property
    def name(self) -> str:
        """Name of the entry point, or nothing."""
        return "" if self.entry_point is None else self.entry_point.name


def installed() -> list[Installed]:
    """Every entry point of the group, by distribution, version and name."""
    return sorted(_found(), key=lambda plugin: (plugin.distribution, plugin.version, plugin.name))


def _found() -> Iterator[Installed]:
    seen: set[str] = set()
    for distribution in distributions():
        name = version = ""
        try:
            name, version = distribution.metadata["Name"], distribution.version
            canonical = canonicalize_name(name)
            # The first distribution of a name on the path is the one that imports find.
            if canonical in seen:
                continue
            seen.add(canonical)
            entry_points = [e for e in distribution.entry_points if e.group == GROUP]
        # An interrupted installation leaves metadata that break in many ways.
        except Exception as error:
            if f"[{GROUP}]" in (distribution.read_text("entry_points.txt") or ""):
                name = name or f"a distribution in {distribution.locate_file('')}"
                reason = f"damaged metadata: {reason_of(error)}"
                yield Installed(name, version or "of unknown version", None, reason=reason)
            continue
        for entry_point in entry_points:
            enabled = _enabled(canonical)
            unmet = _unmet_requirement(distribution) if enabled else None
            core = f"{CORE} {gwae_core.__version__}"
            reason = f"needs {unmet}, but {core} is installed" if unmet else ""
            yield Installed(canonical, version, entry_point, enabled, reason)


def reason_of(error: BaseException) -> str:
    """The type of an error and the first line of its text."""
    text = str(error).partition("\n")[0]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _names(variable: str) -> set[str] | None:
    value = os.environ.get(variable)
    if value is None:
        return None
    return {canonicalize_name(name.strip()) for name in value.split(",") if name.strip()}


def _enabled(distribution: str) -> bool:
    allowed = _names("GWAE_PLUGINS")
    if allowed is not None and distribution not in allowed:
        return False
    return distribution not in (_names("GWAE_DISABLE_PLUGINS") or ())


def _unmet_requirement(distribution: Distribution) -> str | None:
    """The distribution's requirement on gwae-core, where the installed core does not meet it."""
    for text in distribution.requires or ():
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue
        if canonicalize_name(requirement.name) != CORE:
            continue
        applies = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        met = requirement.specifier.contains(gwae_core.__version__, prereleases=True)
        if applies and not met:
            return str(requirement)
    return None

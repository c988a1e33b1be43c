"""The registry: which components there are, who brought them, and what could not be had."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from packaging.utils import canonicalize_name

from gwae_core.components import Component
from gwae_core.errors import ComponentError, did_you_mean
from gwae_core.installed import CORE as CORE
from gwae_core.interfaces import KINDS


@dataclass(frozen=True)
class Source:
    """Where a component comes from: a distribution, its version, and its entry point."""

    distribution: str
    version: str
    entry_point: str = ""

    def __str__(self) -> str:
        return f"{self.distribution} {self.version}"


@dataclass(frozen=True)
class Entry:
    """A registered component and its source."""

    component: type[Component]
    source: Source


@dataclass(frozen=True)
class Refusal:
    """A plugin, or one component of it, that was not taken, and why.

    Attributes:
        source: The plugin.
        reason: Why; for a failure to load, the exception's type and text.
        component: ``kind name`` where only one component was refused; empty for the whole plugin.
    """

    source: Source
    reason: str
    component: str = ""


@dataclass
class Registry:
    """Components by kind and name. Pure data: it discovers nothing by itself."""

    entries: dict[str, dict[str, list[Entry]]] = field(default_factory=dict)
    failed: list[Refusal] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    disabled: list[Source] = field(default_factory=list)

    def add(self, component: type[Component], source: Source) -> None:
        """Register a component; what cannot be taken is listed in ``refused``."""
        label = getattr(component, "__qualname__", repr(component))
        try:
            if not (isinstance(component, type) and issubclass(component, Component)):
                raise ComponentError(f"{label} is not a component class")
            component.check_declaration()
            base = KINDS.get(component.kind, Component)
            if not issubclass(component, base):
                raise ComponentError(
                    f"{label} says that it is a {component.kind} but does not inherit from "
                    f"{base.__name__}"
                )
        # A declaration may be wrong in ways nobody thought of; its plugin's others are taken.
        except Exception as error:
            reason = error.message if isinstance(error, ComponentError) else f"{error!r}"
            self.refused.append(Refusal(source, reason, label))
            return
        kind, name = component.kind, component.name()
        same_name = self.entries.setdefault(kind, {}).setdefault(name, [])
        # Installing a plugin must never change what an existing configuration means.
        if same_name and same_name[0].source.distribution == CORE != source.distribution:
            reason = f"the name {name!r} is reserved by {CORE}"
            self.refused.append(Refusal(source, reason, f"{kind} {name}"))
            return
        if any(entry.source.distribution == source.distribution for entry in same_name):
            reason = f"the plugin registers the name {name!r} twice"
            self.refused.append(Refusal(source, reason, f"{kind} {name}"))
            return
        same_name.append(Entry(component, source))

    def names(self, kind: str) -> list[str]:
        """Registered names of a kind, sorted."""
        return sorted(self.entries.get(kind, {}))

    def __iter__(self) -> Iterator[Entry]:
        for kind in sorted(self.entries):
            for name in self.names(kind):
                yield from self.entries[kind][name]

    def ambiguous(self) -> Iterator[tuple[str, str, list[Entry]]]:
        """Kind, name and claimants of each name that two plugins claim."""
        for kind in sorted(self.entries):
            for name, claimants in sorted(self.entries[kind].items()):
                if len(claimants) > 1:
                    yield kind, name, claimants

    def find(self, kind: str, name: str) -> Entry:
        """The component of a name; ``distribution:name`` says which of two claimants is meant.

        Raises:
            ComponentError: No such component, or two plugins claim the name.
        """
        prefix, _, short = name.rpartition(":")
        distribution = canonicalize_name(prefix)
        claimants = self.entries.get(kind, {}).get(short, [])
        if distribution:
            claimants = [e for e in claimants if e.source.distribution == distribution]
        if len(claimants) == 1:
            return claimants[0]
        if claimants:
            who = " and ".join(str(entry.source) for entry in claimants)
            one = claimants[0].source.distribution
            raise ComponentError(
                f"{kind} {name!r} is claimed by {who}",
                hint=f"say which one: {one}:{name}, or disable the other with "
                "GWAE_DISABLE_PLUGINS=DISTRIBUTION",
            )
        raise ComponentError(
            self._unknown(kind, name, short), hint=self._hint(kind, distribution, short)
        )

    def full_name(self, component: type[Component]) -> str:
        """The name that means this component whatever else is installed, now or later.

        It is ``distribution:name`` for a plugin's; core's names are reserved, and a class that no
        plugin registered has nothing to be told from, so both keep their bare name.
        """
        name = component.name()
        for entry in self.entries.get(component.kind, {}).get(name, []):
            if entry.component is component and entry.source.distribution != CORE:
                return f"{entry.source.distribution}:{name}"
        return name

    def _unknown(self, kind: str, name: str, short: str) -> str:
        message = f"unknown {kind} {name!r}{did_you_mean(short, self.names(kind))}"
        message += f"; registered: {', '.join(self.names(kind)) or 'none'}"
        missing = [f"{r.source} ({r.reason})" for r in self.failed]
        missing += [f"{r.source} ({r.component}: {r.reason})" for r in self.refused]
        missing += [f"{source} (disabled)" for source in self.disabled]
        if missing:
            message += f"; not available: {', '.join(missing)}"
        return message

    def _hint(self, kind: str, distribution: str, name: str) -> str:
        if plugin := FIRST_PARTY.get((kind, name)):
            return f"{name!r} is in the plugin {plugin}: pip install ./plugins/{plugin}"
        sources = [entry.source for entry in self] + [r.source for r in self.failed + self.refused]
        if distribution and distribution not in {s.distribution for s in sources + self.disabled}:
            return f"the distribution {distribution} is not installed, or it is no plugin of {CORE}"
        return f"`gwae plugins` lists every {kind} that is installed"


FIRST_PARTY: dict[tuple[str, str], str] = {
    ("estimator", "pot-exact"): "gwae-pot",
    ("estimator", "pot-entropic"): "gwae-pot",
    ("estimator", "pot-semirelaxed"): "gwae-pot",
    ("estimator", "pot-partial"): "gwae-pot",
    ("estimator", "pot-fused"): "gwae-pot",
    ("estimator", "geomloss"): "gwae-geomloss",
    ("divergence", "geomloss-sinkhorn"): "gwae-geomloss",
    ("objective", "beta-tcvae"): "gwae-baselines",
    ("objective", "dip-vae"): "gwae-baselines",
    ("objective", "factor-vae"): "gwae-baselines",
    ("objective", "geco"): "gwae-baselines",
    ("objective", "info-vae"): "gwae-baselines",
    ("objective", "rae"): "gwae-baselines",
    ("objective", "sigma-vae"): "gwae-baselines",
    ("objective", "wae"): "gwae-baselines",
    ("objective", "ali"): "gwae-baselines",
    ("objective", "avb"): "gwae-baselines",
    ("objective", "dagmm"): "gwae-baselines",
    ("objective", "gromov-monge-vae"): "gwae-baselines",
    ("objective", "isometric-ae"): "gwae-baselines",
    ("objective", "ladder-vae"): "gwae-baselines",
    ("objective", "two-stage-vae"): "gwae-baselines",
    ("objective", "vade"): "gwae-baselines",
    ("objective", "vae-gan"): "gwae-baselines",
    ("objective", "vlae"): "gwae-baselines",
    ("encoder", "implicit"): "gwae-baselines",
    ("divergence", "discriminator"): "gwae-baselines",
    ("reconstruction", "gaussian"): "gwae-baselines",
    ("divergence", "pair-discriminator"): "gwae-baselines",
}
"""Components of this project's own plugins, so that an error can say how to install them."""

"""The components that come with core; they enter by the same hook as every plugin's."""

from __future__ import annotations

from collections.abc import Sequence

from gwae_core.builtin import (
    datasets,
    decoders,
    divergences,
    encoders,
    estimators,
    features,
    metrics,
    objectives,
    priors,
    reconstructions,
    samplers,
    trackers,
)
from gwae_core.components import Component
from gwae_core.hooks import hookimpl


@hookimpl
def gwae_components() -> Sequence[type[Component]]:
    """Return every built-in component."""
    packages = (
        priors,
        encoders,
        decoders,
        estimators,
        divergences,
        reconstructions,
        objectives,
        datasets,
        metrics,
        features,
        samplers,
        trackers,
    )
    return [component for package in packages for component in package.COMPONENTS]

"""Figures of data that are not images: features one by one."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.colors import CenteredNorm
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from gwae_core.report.drawing import BLUE, MARKERS, MUTED, PALETTE, VERMILLION, Panel, axes, panel

FEATURES = 6
"""Features of largest variance that are shown."""
WIDE = 40
"""Most features in a heat map."""


def largest(x: NDArray[Any], count: int) -> NDArray[np.int64]:
    """The features of largest variance of data (n, p), in their own order."""
    return np.sort(np.argsort(-x.var(axis=0), kind="stable")[:count])


def reconstruction_panels(x: NDArray[Any], x_hat: NDArray[Any]) -> list[Panel]:
    """Reconstruction against data (n, p) for each shown feature."""
    panels = []
    for feature in largest(x, FEATURES):
        a, b = x[:, feature], x_hat[:, feature]
        with axes(3.4, 3.0) as ax:
            ends = [float(min(a.min(), b.min())), float(max(a.max(), b.max()))]
            ax.plot(ends, ends, color=MUTED, linewidth=1, linestyle="--")
            ax.scatter(a, b, s=10, color=BLUE, alpha=0.5, linewidths=0)
            ax.set_title(f"feature {feature}")
            ax.set_xlabel("data")
            ax.set_ylabel("reconstruction")
            alt = f"Reconstruction against data for feature {feature} over {len(a)} test points"
            panels.append(panel(ax, f"reconstruction_{feature}", alt))
    return panels


def sample_panels(x: NDArray[Any], samples: NDArray[Any]) -> list[Panel]:
    """Marginal densities of data (n, p) and of generated points (m, p)."""
    panels = []
    for feature in largest(x, FEATURES):
        a, b = x[:, feature], samples[:, feature]
        bins = int(np.clip(np.sqrt(len(a)), 8, 30))
        edges = np.histogram_bin_edges(np.concatenate([a, b]), bins=bins)
        with axes(3.4, 2.6) as ax:
            for values, color, style, name in (
                (a, BLUE, "-", "test data"),
                (b, VERMILLION, "--", "prior samples"),
            ):
                density, _ = np.histogram(values, bins=edges, density=True)
                ax.stairs(density, edges, color=color, linestyle=style, label=name, linewidth=1.6)
            ax.set_title(f"feature {feature}")
            ax.set_xlabel("value")
            ax.set_ylabel("density")
            ax.legend()
            alt = f"Densities of feature {feature} in the test data and in prior samples"
            panels.append(panel(ax, f"samples_{feature}", alt))
    return panels


def component_panel(x: NDArray[Any], component_samples: NDArray[Any], shown: NDArray[Any]) -> Panel:
    """Mean of each component's samples (K, m, p), standardised by data (n, p)."""
    features = largest(x, WIDE)
    scale = x[:, features].std(axis=0)
    means = component_samples[:, :, features].mean(axis=1) - x[:, features].mean(axis=0)
    means = means / np.where(scale > 0, scale, 1.0)
    with axes(5.6, 0.9 + 0.22 * max(len(shown), 5)) as ax:
        ax.grid(False)
        image = ax.imshow(means, cmap="RdBu_r", norm=CenteredNorm(), aspect="auto")
        ax.set_yticks(range(len(shown)), [str(int(k)) for k in shown])
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        names = "feature" if len(features) == x.shape[1] else "feature, of largest variance"
        ax.set_xlabel(names)
        ax.set_ylabel("component")
        ax.figure.colorbar(image, ax=ax, label="mean, in sd of the data")
        alt = f"Heat map of the mean of each of {len(shown)} components for every feature"
        return panel(ax, "components", alt)


def traversal_panels(
    traversals: NDArray[Any], dims: NDArray[Any], values: NDArray[Any]
) -> list[Panel]:
    """Decoded features (dims, steps, p) that move most along each latent dimension."""
    panels = []
    for decoded, dim, z in zip(traversals, dims, values, strict=True):
        moving = largest(decoded, 5)
        with axes(3.6, 2.8) as ax:
            for k, feature in enumerate(moving):
                ax.plot(
                    z,
                    decoded[:, feature],
                    color=PALETTE[k],
                    marker=MARKERS[k],
                    markersize=3.5,
                    label=str(feature),
                )
            ax.set_title(f"latent dimension {dim}")
            ax.set_xlabel(f"$z_{{{dim}}}$")
            ax.set_ylabel("decoded value")
            ax.legend(title="feature", loc="upper left", bbox_to_anchor=(1.0, 1.0))
            alt = f"Decoded features over latent dimension {dim}: those that move most"
            panels.append(panel(ax, f"traversal_{dim}", alt))
    return panels

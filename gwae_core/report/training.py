"""Figures of the training: loss terms, and the health of the model."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, StrMethodFormatter

from gwae_core.report.drawing import BLUE, MUTED, PALETTE, VERMILLION, Panel, axes, panel
from gwae_core.report.records import Log, Series

FEW = 30
"""Records below which each is marked by a dot."""


def loss_panels(log: Log) -> list[Panel]:
    """The total and each weighted term, on training batches and on the validation split."""
    panels = []
    named = log.names("train", "terms") or log.names("validation", "terms")
    for name, keys in [("total", ("total",)), *((name, ("terms", name)) for name in named)]:
        train, validation = log.series("train", *keys), log.series("validation", *keys)
        if train.steps or validation.steps:
            panels.append(_loss_panel(log, name, train, validation))
    return panels


def _loss_panel(log: Log, name: str, train: Series, validation: Series) -> Panel:
    with axes(3.9, 2.6) as ax:
        _line(ax, train, BLUE, "training batch")
        if validation.steps:
            ax.plot(
                validation.steps,
                validation.values,
                color=VERMILLION,
                marker="o",
                markersize=3.5,
                label="validation",
            )
        _finish(ax, log, [*train.values, *validation.values])
        ax.set_title(name.replace("_", " "))
        ax.set_ylabel("loss")
        ax.legend()
        last = validation.values or train.values
        return panel(
            ax,
            f"loss_{name}",
            f"{name} loss over training steps; the last value is {last[-1]:.4g}",
        )


HEALTH: Mapping[str, tuple[str, str, str]] = {
    "active_units": (
        "Active units",
        "latent dimensions",
        "Latent dimensions that depend on the data. One or none means posterior collapse.",
    ),
    "posterior_scale": (
        "Posterior scale",
        "root mean square of codes",
        "Steady growth means that codes run away.",
    ),
    "explained_variance": (
        "Explained variance",
        "share of the data's variance",
        "What reconstructions explain of a batch. Near 0 the decoder emits the mean.",
    ),
    "log_variance": (
        "Posterior log variance",
        "mean of log \u03c3\u00b2",
        "At its lower bound the model is an autoencoder without noise.",
    ),
    "scale_c": (
        "Scale C",
        "data distance / code distance",
        "The learned factor between distances of codes and of data.",
    ),
}


def health_panels(log: Log, *, latent_dim: int | None) -> list[Panel]:
    """Active units, scales, prior moments, gradient norms; those that were logged."""
    panels = []
    for key, (title, unit, caption) in HEALTH.items():
        series = log.series("train", "observed", key)
        if not series.steps:
            continue
        with axes(3.9, 2.6) as ax:
            _line(ax, series, BLUE)
            if key == "active_units" and latent_dim is not None:
                ax.axhline(latent_dim, color=MUTED, linestyle="--", linewidth=1)
                ax.set_ylim(-0.03 * latent_dim, 1.12 * latent_dim)
                ax.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
            _finish(ax, log, [])
            ax.set_title(title)
            ax.set_ylabel(unit)
            alt = f"{title} over training steps; the last value is {series.values[-1]:.4g}"
            panels.append(panel(ax, f"health_{key}", alt, caption))
    moments = {
        "mean": log.series("train", "observed", "prior_mean"),
        "standard deviation": log.series("train", "observed", "prior_std"),
    }
    norms = {
        name: log.series("train", "gradient_norm", name)
        for name in log.names("train", "gradient_norm")
    }
    for name, title, unit, found, caption in (
        (
            "prior_moments",
            "Prior moments",
            "mean over latent dimensions",
            moments,
            "Moments of prior samples, in the stages that draw them.",
        ),
        (
            "gradient_norms",
            "Gradient norms",
            "norm of each weighted term",
            norms,
            "A term whose norm is far below the others has no say in training.",
        ),
    ):
        shown = {key: series for key, series in found.items() if series.steps}
        if not shown:
            continue
        with axes(3.9, 2.6 + 0.2 * -(-len(shown) // 2)) as ax:
            for k, (key, series) in enumerate(shown.items()):
                _line(ax, series, PALETTE[k % len(PALETTE)], key)
            values = [value for series in shown.values() for value in series.values]
            _finish(ax, log, values if name == "gradient_norms" else [])
            ax.set_title(title)
            ax.set_ylabel(unit)
            # below the axes, where no curve runs
            ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.22), ncols=2)
            alt = f"{title} over training steps: {', '.join(shown)}"
            panels.append(panel(ax, f"health_{name}", alt, caption))
    return panels


def _line(ax: Axes, series: Series, color: str, label: str | None = None) -> None:
    marker = "o" if len(series.steps) <= FEW else ""
    ax.plot(series.steps, series.values, color=color, marker=marker, markersize=3, label=label)


def _finish(ax: Axes, log: Log, positive: list[float]) -> None:
    """Label steps, mark stages, and use a logarithmic axis where values span two decades."""
    ax.set_xlabel("training step")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    ax.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    steps = [float(record["step"]) for record in log.records if "step" in record]
    ax.set_xlim(0, max([1.0, *steps]) * 1.02)  # the same for every figure
    if positive and min(positive) > 0 and max(positive) / min(positive) > 100:
        ax.set_yscale("log")
    stages = [record for record in log.of("stage") if "step" in record]
    if len(stages) < 2:
        return
    for record in stages:
        if record["step"] > 0:
            ax.axvline(record["step"], color=MUTED, linestyle=":", linewidth=1.1)
        ax.annotate(
            str(record.get("stage", "")),
            (record["step"], 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(0, 3),
            textcoords="offset points",
            fontsize=7.5,
            color=MUTED,
        )

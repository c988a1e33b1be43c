"""What a component is told when it is built, and the batches it is trained on."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from gwae_core.errors import ComponentError
from gwae_core.row_source import RowSource

Part = TypeVar("Part")


@dataclass(frozen=True)
class Batch:
    """A mini-batch.

    Attributes:
        x: Data, (n, *data_shape).
        index: Position of each row in the training split, (n,), which looks up precomputed
            distances; None for rows that are not of it.
        y: Labels, (n,), or None.
        factors: Ground-truth factors, (n, n_factors), or None.
        memo: What an objective keeps of its computations on this batch. It is lost as soon as other
            parameters are updated, and so only holds what the present group does not change.
    """

    x: Tensor
    index: Tensor | None = None
    y: Tensor | None = None
    factors: Tensor | None = None
    memo: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def to(self, device: torch.device) -> Batch:
        """Move every tensor to a device."""
        return Batch(
            x=self.x.to(device, non_blocking=True),
            index=None if self.index is None else self.index.to(device, non_blocking=True),
            y=None if self.y is None else self.y.to(device, non_blocking=True),
            factors=None if self.factors is None else self.factors.to(device, non_blocking=True),
        )


@dataclass(frozen=True)
class DataStatistics:
    """Moments of the training split.

    Attributes:
        mean: Mean of each data dimension, (*data_shape).
        scale: Root of the mean over dimensions of their variances; one number for all.
        total_variance: Trace of the covariance, ``scale^2`` times the number of dimensions.
        low: Smallest value.
        high: Largest value.
    """

    mean: Tensor
    scale: float
    total_variance: float
    low: float
    high: float

    @classmethod
    def of(cls, x: Tensor | RowSource) -> DataStatistics:
        """Measure data of shape (n, *data_shape); those on disk are gone through once."""
        if isinstance(x, RowSource):
            return cls._of_chunks(torch.from_numpy(chunk) for chunk in x.chunks())
        wide = x.double().flatten(1)  # (n, p)
        total = float(wide.var(dim=0, unbiased=False).sum())
        # Constant data has no scale; one keeps the standardisation finite.
        scale = math.sqrt(total / wide.shape[1]) or 1.0
        return cls(
            mean=x.double().mean(0).to(x.dtype),
            scale=scale,
            total_variance=total or float(wide.shape[1]),
            low=float(x.min()),
            high=float(x.max()),
        )

    @classmethod
    def _of_chunks(cls, chunks: Iterable[Tensor]) -> DataStatistics:
        """Measure data some rows at a time (Chan et al., 1983).

        Of parts with n, m rows, means a, b and sums of squares S, T about them, the sum about the
        common mean is S + T + |a - b|^2 n m / (n + m).
        """
        n, squares = 0, 0.0
        mean = torch.zeros((), dtype=torch.float64)
        low, high = math.inf, -math.inf
        for chunk in chunks:
            wide = chunk.double()
            m, centre = len(wide), wide.mean(0)
            offset = centre - mean  # (*data_shape)
            wide -= centre
            squares += float(wide.square_().sum()) + float(offset.square().sum()) * n * m / (n + m)
            mean = mean + offset * (m / (n + m))
            n += m
            low, high = min(low, float(chunk.min())), max(high, float(chunk.max()))
        total = squares / n
        scale = math.sqrt(total / mean.numel()) or 1.0
        return cls(mean.float(), scale, total or float(mean.numel()), low, high)

    @classmethod
    def neutral(cls, data_shape: tuple[int, ...]) -> DataStatistics:
        """Statistics of standardised data: mean 0, scale 1."""
        count = math.prod(data_shape)
        return cls(torch.zeros(data_shape), 1.0, float(count), -1.0, 1.0)


@dataclass(frozen=True)
class BuildContext:
    """What is known when a component is built.

    Attributes:
        data_shape: Shape of one data point, such as (1, 28, 28) or (64,).
        latent_dim: Number of latent dimensions.
        statistics: Moments of the training split; neutral when a trained model is loaded, whose
            state then replaces what was built from them.
        train_data: The training split, (n, *data_shape), a random sample of it where it is on disk,
            or None when a trained model is loaded.
        output_shape: Shape of the decoder's output for one point; the reconstruction decides it.
        parts: Components built before, by field name of the run configuration.
        allow_import: Whether components may import code that the configuration names.
        train_size: Number of points of the training split; 0 when a trained model is loaded.
    """

    data_shape: tuple[int, ...]
    latent_dim: int
    statistics: DataStatistics
    train_data: Tensor | None = None
    output_shape: tuple[int, ...] = ()
    parts: Mapping[str, nn.Module] = field(default_factory=dict)
    allow_import: bool = False
    train_size: int = 0

    def __post_init__(self) -> None:
        if not self.output_shape:
            object.__setattr__(self, "output_shape", self.data_shape)

    @classmethod
    def for_shape(
        cls, data_shape: tuple[int, ...], latent_dim: int, *, allow_import: bool = False
    ) -> BuildContext:
        """A context without data: neutral statistics, no parts."""
        neutral = DataStatistics.neutral(data_shape)
        return cls(data_shape, latent_dim, neutral, allow_import=allow_import)

    @classmethod
    def for_data(
        cls, x: Tensor | RowSource, latent_dim: int, *, allow_import: bool = False
    ) -> BuildContext:
        """The context of training data (n, *data_shape)."""
        train_data = x.sample() if isinstance(x, RowSource) else x
        return cls(
            tuple(x.shape[1:]),
            latent_dim,
            DataStatistics.of(x),
            train_data=train_data,
            allow_import=allow_import,
            train_size=len(x),
        )

    @property
    def sampled(self) -> bool:
        """Whether ``train_data`` is a sample, so that `Batch.index` does not mean its rows."""
        return self.train_data is not None and len(self.train_data) < self.train_size

    @property
    def num_features(self) -> int:
        """Number of data dimensions."""
        return math.prod(self.data_shape)

    def with_parts(self, **parts: nn.Module) -> BuildContext:
        """The same context with more parts."""
        return replace(self, parts={**self.parts, **parts})

    def with_output_shape(self, shape: tuple[int, ...]) -> BuildContext:
        """The same context with another shape of the decoder's output."""
        return replace(self, output_shape=shape)

    def part(self, name: str, kind: type[Part]) -> Part:
        """The part built under a name, checked to be of a type.

        Raises:
            ComponentError: No such part was built, or it is of another type.
        """
        found = self.parts.get(name)
        if isinstance(found, kind):
            return found
        have = type(found).__name__ if found is not None else "nothing"
        raise ComponentError(
            f"this component needs the part {name!r} of type {kind.__name__}; found {have}",
            hint=f"build the {name} first and pass context.with_parts({name}=...)",
        )


def require(context: BuildContext | None, component: object) -> BuildContext:
    """Return the context, or say that a component cannot be built without one."""
    if context is None:
        raise ComponentError(
            f"{type(component).__name__} needs a build context (data shape, latent dimension)",
            hint="pass BuildContext.for_data(x, latent_dim) or .for_shape(shape, latent_dim)",
        )
    return context

"""Sources of batches: shuffled data in memory, or an iterable of the user's own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator

import torch
from torch import Tensor

from gwae_core.context import Batch
from gwae_core.errors import DataError


class BatchSource(ABC):
    """An endless supply of training batches."""

    @abstractmethod
    def __iter__(self) -> Iterator[Batch]:
        """Yield batches for ever."""

    @abstractmethod
    def all_data(self) -> Tensor:
        """The training data that a stage may be prepared from, (n, *data_shape)."""


class TensorBatches(BatchSource):
    """Batches of data in memory: every epoch in a new order, the incomplete last batch left out.

    Args:
        x: Data, (n, *data_shape).
        y: Labels, (n,), or None.
        factors: Factors, (n, n_factors), or None.
        batch_size: Points in a batch.
        seed: Seed of the order.

    Raises:
        DataError: A batch is larger than the data.
    """

    def __init__(
        self,
        x: Tensor,
        *,
        batch_size: int,
        seed: int = 0,
        y: Tensor | None = None,
        factors: Tensor | None = None,
    ) -> None:
        if batch_size > len(x):
            raise DataError(
                f"a batch of {batch_size} is larger than the training split of {len(x)} points",
                hint=f"set training.batch_size to {len(x)} or less",
            )
        self.x, self.y, self.factors = x, y, factors
        self.batch_size = batch_size
        self.seed = seed

    def __iter__(self) -> Iterator[Batch]:
        generator = torch.Generator().manual_seed(self.seed)
        while True:
            order = torch.randperm(len(self.x), generator=generator)
            for rows in order.split(self.batch_size):  # type: ignore[no-untyped-call]
                if len(rows) == self.batch_size:
                    yield self.rows(rows)

    def rows(self, rows: Tensor) -> Batch:
        """The batch of some rows."""
        return Batch(
            x=self.x[rows],
            index=rows,
            y=None if self.y is None else self.y[rows],
            factors=None if self.factors is None else self.factors[rows],
        )

    def all_data(self) -> Tensor:
        """The data."""
        return self.x


class Iterated(BatchSource):
    """Batches from an iterable of tensors, of sequences that begin with one, or of `Batch`.

    The iterable, such as a torch ``DataLoader``, is started again whenever it ends.
    """

    def __init__(self, batches: Iterable[object]) -> None:
        self.batches = batches

    def __iter__(self) -> Iterator[Batch]:
        while True:
            empty = True
            for item in self.batches:
                empty = False
                yield _as_batch(item)
            if empty:
                raise DataError(
                    "the batches ran out",
                    hint="pass something that can be iterated again, such as a list or DataLoader",
                )

    def all_data(self) -> Tensor:
        """One pass over the iterable, joined."""
        return torch.cat([_as_batch(item).x for item in self.batches])


def _as_batch(item: object) -> Batch:
    match item:
        case Batch():
            return item
        case Tensor():
            return Batch(item)
        case (Tensor() as x, Tensor() as y, *_):
            return Batch(x, y=y)
        case (Tensor() as x,):
            return Batch(x)
    raise DataError(
        f"a batch is a tensor, a pair (x, y) or a Batch; got {type(item).__name__}",
    )

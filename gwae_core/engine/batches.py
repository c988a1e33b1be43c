"""Sources of batches: shuffled data, or an iterable of the user's own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

import torch
from torch import Tensor

from gwae_core.context import Batch
from gwae_core.errors import DataError
from gwae_core.row_source import RowSource


class BatchSource(ABC):
    """An endless supply of training batches.

    The batches are numbered, so that a run which was interrupted goes on with the one after the
    last that it took, however many a source has read ahead.
    """

    _start = 0
    _taken = 0

    def __iter__(self) -> Iterator[Batch]:
        """Yield batches for ever: from the first, or from where `load_state` says, once."""
        self._taken, self._start = self._start, 0
        return self._counted()

    def _counted(self) -> Iterator[Batch]:
        for batch in self.after(self._taken):
            self._taken += 1
            yield batch

    @abstractmethod
    def after(self, taken: int) -> Iterator[Batch]:
        """Yield batches for ever, beginning with the one that follows the first ``taken``."""

    def state(self) -> dict[str, int]:
        """The position of the iteration that began last: the number of batches that it gave."""
        return {"taken": self._taken}

    def load_state(self, state: Mapping[str, int]) -> None:
        """Let the next iteration begin at a position."""
        self._start = self._taken = int(state["taken"])

    @abstractmethod
    def all_data(self) -> Tensor:
        """The training data that a stage may be prepared from, (n, *data_shape)."""


class TensorBatches(BatchSource):
    """Batches of a data set: every epoch in a new order, the incomplete last batch left out.

    Args:
        x: Data, (n, *data_shape), in memory or on disk, of which each batch is then read.
        y: Labels, (n,), or None.
        factors: Factors, (n, n_factors), or None.
        batch_size: Points in a batch.
        seed: Seed of the order.

    Raises:
        DataError: A batch is larger than the data.
    """

    def __init__(
        self,
        x: Tensor | RowSource,
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

    def after(self, taken: int) -> Iterator[Batch]:
        """Batches that follow the first ``taken``; only the orders of whole epochs are redrawn."""
        generator = torch.Generator().manual_seed(self.seed)
        per_epoch = len(self.x) // self.batch_size
        epochs, skipped = divmod(taken, per_epoch)
        for _ in range(epochs):
            torch.randperm(len(self.x), generator=generator)
        while True:
            order = torch.randperm(len(self.x), generator=generator)
            rows = order[: per_epoch * self.batch_size].view(per_epoch, self.batch_size)
            for k in range(skipped, per_epoch):
                yield self.rows(rows[k])
            skipped = 0

    def rows(self, rows: Tensor) -> Batch:
        """The batch of some rows."""
        return Batch(
            x=self._read(rows),
            index=rows,
            y=None if self.y is None else self.y[rows],
            factors=None if self.factors is None else self.factors[rows],
        )

    def _read(self, rows: Tensor) -> Tensor:
        if isinstance(self.x, RowSource):
            return torch.from_numpy(self.x[rows.numpy()])
        return self.x[rows]

    def all_data(self) -> Tensor:
        """The data, or of those on disk a random sample, always the same one."""
        return self.x.sample() if isinstance(self.x, RowSource) else self.x


class Iterated(BatchSource):
    """Batches from an iterable of tensors, of sequences that begin with one, or of `Batch`.

    The iterable, such as a torch ``DataLoader``, is started again whenever it ends. A position is
    found by taking as many batches again, which gives the same ones only where the iterable does.
    """

    def __init__(self, batches: Iterable[object]) -> None:
        self.batches = batches

    def after(self, taken: int) -> Iterator[Batch]:
        """Batches that follow the first ``taken``."""
        return islice(self._endless(), taken, None)

    def _endless(self) -> Iterator[Batch]:
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

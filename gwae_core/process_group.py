"""The processes that train one model together, and what they tell each other."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor

from gwae_core.errors import GWAEError
from gwae_core.nested import mapped

Value = TypeVar("Value")


def _as_it_is(error: RuntimeError) -> Exception:
    return error


@dataclass(frozen=True)
class ProcessGroup:
    """The processes of torch's default group, as one of them sees it.

    Every method is a collective: all processes call it, in the same order, and it moves what it is
    asked to and nothing else.

    Attributes:
        rank: Number of this process, from 0.
        size: Number of processes.
        local_rank: Number of this process on its host, which is that of its GPU.
        explain: Turns the error of a broken connection into one that says why it broke.
    """

    rank: int
    size: int
    local_rank: int = 0
    explain: Callable[[RuntimeError], Exception] = _as_it_is

    def rows(self, n: int) -> slice:
        """This process's rows of n: sizes differ by one at most, the first are the larger."""
        return self._rows(n, self.rank)

    def _rows(self, n: int, rank: int) -> slice:
        each, more = divmod(n, self.size)
        start = rank * each + min(rank, more)
        return slice(start, start + each + (rank < more))

    def gather(self, rows: Tensor, n: int) -> Tensor:
        """All rows (n, ...) from each process's own."""
        most = math.ceil(n / self.size)
        own = rows.detach()
        if len(own) < most:  # parts that are sent must be equal
            own = torch.cat([own, own.new_zeros(most - len(own), *own.shape[1:])])
        own = own.contiguous()
        parts = [torch.empty_like(own) for _ in range(self.size)]
        with self._connected():
            dist.all_gather([_bytes(part) for part in parts], _bytes(own))
        counts = [len(range(n)[self._rows(n, rank)]) for rank in range(self.size)]
        return torch.cat([part[:count] for part, count in zip(parts, counts, strict=True)])

    def sum(self, tensor: Tensor) -> Tensor:
        """The sum over processes, the same bits on each of them."""
        total = tensor.detach().clone(memory_format=torch.contiguous_format)
        with self._connected():
            dist.all_reduce(total)
        return total

    def highest(self, number: int) -> int:
        """The highest of one number a process."""
        found = torch.tensor(number)
        with self._connected():
            dist.all_reduce(found, op=dist.ReduceOp.MAX)
        return int(found)

    @torch.no_grad()
    def equalise(self, tensors: Iterable[Tensor]) -> None:
        """Overwrite tensors with those of the first process."""
        for tensor in tensors:
            sent = tensor.detach().clone(memory_format=torch.contiguous_format)
            with self._connected():
                dist.broadcast(_bytes(sent), 0)
            if self.rank > 0:
                tensor.copy_(sent)

    def from_first(self, compute: Callable[[], Value]) -> Value:
        """What the first process alone computes; an exception of it is raised on all.

        Tensors, wherever they are inside of the value, travel as they are; all else is pickled.
        """
        if self.rank > 0:
            received: Value = self._receive()
            return received
        try:
            value = compute()
        except Exception as error:
            self._announce(_portable(error))
            raise
        tensors: list[Tensor] = []

        def ticket(tensor: Tensor) -> _Ticket:
            tensors.append(tensor.detach().contiguous())
            return _Ticket(len(tensors) - 1)

        announced = mapped(value, ticket)
        self._announce((announced, [(t.shape, t.dtype, t.device.type) for t in tensors]))
        # built again here too: sums over another layout of memory have other last digits
        rebuilt: Value = self._rebuilt(announced, tensors)
        return rebuilt

    def same(self, value: Value) -> Value:
        """The first process's value."""
        return self.from_first(lambda: value)

    def _receive(self) -> Any:
        found = self._announce(None)
        if isinstance(found, Exception):
            raise found
        announced, about = found
        return self._rebuilt(announced, [self._empty(*described) for described in about])

    def _rebuilt(self, announced: Any, tensors: list[Tensor]) -> Any:
        with self._connected():
            for tensor in tensors:
                dist.broadcast(_bytes(tensor), 0)
        return mapped(announced, lambda ticket: tensors[ticket.number], kind=_Ticket)

    def _empty(self, shape: torch.Size, dtype: torch.dtype, device: str) -> Tensor:
        where = device if device == "cpu" else f"{device}:{self.local_rank}"
        return torch.empty(shape, dtype=dtype, device=where)

    def _announce(self, message: object) -> Any:
        box = [message]
        with self._connected():
            dist.broadcast_object_list(box, 0)
        return box[0]

    @contextmanager
    def _connected(self) -> Iterator[None]:
        try:
            yield
        except RuntimeError as error:
            raise self.explain(error) from None


@dataclass(frozen=True)
class _Ticket:
    """What stands for a tensor in a message that goes ahead of it."""

    number: int


def _bytes(tensor: Tensor) -> Tensor:
    """The memory of a contiguous tensor, which is shared: not every backend knows every dtype."""
    return tensor.view(-1).view(torch.uint8)


def _portable(error: Exception) -> Exception:
    """The error, or its text where its constructor is one of its own, which may ask for more."""
    if isinstance(error, GWAEError) and type(error).__init__ is GWAEError.__init__:
        return error
    return RuntimeError(f"{type(error).__name__}: {error}")

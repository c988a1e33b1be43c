"""Networks of which every process computes its own rows, inside of losses that see all rows.

Two linear maps, each the transpose of the other, make it exact: to *take* a process's rows of what
all have, and to *gather* all rows from what each has. The loss above a network is the same on every
process, so a gradient that arrives at gathered rows is known everywhere, and taking one's own rows
of it adds nothing up. Parameters are *spread* over processes, each of which finds the gradient of
its rows alone; its transpose *sums*. As every derivative is made of the same four maps, there are
derivatives of any order: a critic's gradient penalty takes the second.

In one process, and outside of `shared_by`, all of it does nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar
from weakref import WeakSet

import torch
from torch import Tensor, nn
from torch.func import functional_call

from gwae_core.errors import ComponentError
from gwae_core.nested import mapped
from gwae_core.process_group import ProcessGroup

Value = TypeVar("Value")

_PRESENT: ContextVar[ProcessGroup | None] = ContextVar("present", default=None)
_MIXING = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm)
_TRACKING = (nn.InstanceNorm1d, nn.InstanceNorm2d, nn.InstanceNorm3d)
_accepted: WeakSet[nn.Module] = WeakSet()
"""Networks that were seen in training to treat rows apart and to draw no random number."""


@contextmanager
def shared_by(processes: ProcessGroup | None) -> Iterator[None]:
    """Share the rows of networks, and what is solved, among processes inside of the block."""
    token = _PRESENT.set(processes)
    try:
        yield
    finally:
        _PRESENT.reset(token)


def solved_once(solve: Callable[[], Value]) -> Value:
    """What a function without a graph finds: the first process calls it, and all get the result.

    For couplings, which are held fixed where they are differentiated: all processes go on with one
    and the same, and none is solved for twice.

    Args:
        solve: Finds tensors and plain values, in tuples and dataclasses; it calls no network.
    """
    processes = _PRESENT.get()
    return solve() if processes is None else processes.from_first(solve)


def sharded(network: nn.Module, *inputs: Tensor, frozen: bool = False) -> Any:
    """``network(*inputs)``, of which each process computes its own rows and all get every row.

    The gradient that reaches parameters and inputs is that of one process with all rows. Fewer rows
    than processes are computed by each of them.

    Args:
        network: Treats rows apart and draws no random numbers: a row of what it returns, whether a
            tensor or tensors in a tuple or dataclass, belongs to the same row of its inputs.
        inputs: Tensors (n, ...), the same on every process.
        frozen: Whether parameters get no gradient.

    Raises:
        ComponentError: The network mixes rows (batch normalisation), draws random numbers
            (dropout), or returns something else than rows, and there are several processes.
    """
    processes, n = _PRESENT.get(), len(inputs[0])
    if not frozen and (processes is None or n < processes.size):
        return network(*inputs)
    held = {name: parameter.detach() for name, parameter in network.named_parameters()}
    if processes is None or n < processes.size:
        return functional_call(network, held, inputs)
    if not frozen and torch.is_grad_enabled():
        held |= _spread(network, processes)
    own = tuple(_apply(_Take, x, processes) for x in inputs)
    unknown = network.training and not frozen and network not in _accepted
    before = _random_states() if unknown else []
    output = functional_call(network, held, own)
    if unknown:
        _accept(network, processes, output, len(own[0]), before)
    return mapped(output, lambda part: _apply(_Gather, part, n, processes))


def _spread(network: nn.Module, processes: ProcessGroup) -> dict[str, Tensor]:
    """The parameters that learn, whose gradients are summed over processes."""
    learning = {name: p for name, p in network.named_parameters() if p.requires_grad}
    if not learning:
        return {}
    return dict(zip(learning, _apply(_Spread, processes, *learning.values()), strict=True))


def _accept(
    network: nn.Module, processes: ProcessGroup, output: Any, rows: int, before: list[Tensor]
) -> None:
    """Refuse a network that gives another result for a share of the rows than for all of them."""
    name, wrong = type(network).__name__, None
    shapes: list[torch.Size] = []
    mapped(output, lambda part: shapes.append(part.shape))
    if any(shape[:1] != (rows,) for shape in shapes):
        wrong = f"{name} returned {[*map(tuple, shapes)]} for {rows} rows, and not a row for each"
    if not all(map(torch.equal, before, _random_states())):
        wrong = f"{name} draws random numbers by itself (dropout?), for the rows that it sees"
    for module in network.modules():
        tracks = isinstance(module, _TRACKING) and module.track_running_stats
        if module.training and (isinstance(module, _MIXING) or tracks):
            wrong = f"{name} holds a {type(module).__name__}, with statistics of the rows it sees"
    # where the sizes happen to agree, a process sees nothing wrong that another does
    if processes.highest(int(wrong is not None)):
        raise ComponentError(
            f"{wrong or f'{name} does not return a row for each'}; each of several processes sees "
            "rows of its own",
            hint="train with one process, or take a network that treats each row by itself: "
            "GroupNorm or LayerNorm instead of BatchNorm, no dropout",
        )
    _accepted.add(network)


def _random_states() -> list[Tensor]:
    states = [torch.get_rng_state()]
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        states.append(torch.cuda.get_rng_state())
    return states


def _apply(function: Any, *inputs: Any) -> Any:
    return function.apply(*inputs)  # which torch leaves without types


class _Take(torch.autograd.Function):
    """This process's rows of (n, ...), which is the same on all; transposed: gather."""

    @staticmethod
    def forward(x: Tensor, processes: ProcessGroup) -> Tensor:
        return x[processes.rows(len(x))].clone()

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        x, ctx.processes = inputs
        ctx.n = len(x)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        return _apply(_Gather, gradient, ctx.n, ctx.processes), None


class _Gather(torch.autograd.Function):
    """All n rows from each process's own; transposed: take."""

    @staticmethod
    def forward(rows: Tensor, n: int, processes: ProcessGroup) -> Tensor:
        return processes.gather(rows, n)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        _, _, ctx.processes = inputs

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        return _apply(_Take, gradient, ctx.processes), None, None


class _OfTensors(torch.autograd.Function):
    """A map of several tensors at once, some of which may get no gradient."""

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
        ctx.processes = inputs[0]
        ctx.set_materialize_grads(False)


class _Spread(_OfTensors):
    """Tensors that are the same on all processes, for each to use in its own way; transposed: sum.

    All at once, so that the transpose is one message.
    """

    @staticmethod
    def forward(processes: ProcessGroup, *tensors: Tensor) -> tuple[Tensor, ...]:
        return tuple(tensor.view_as(tensor) for tensor in tensors)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> Any:
        return None, *_applied(_Sum, ctx.processes, gradients)


class _Sum(_OfTensors):
    """Sums over processes; transposed: spread."""

    @staticmethod
    def forward(processes: ProcessGroup, *tensors: Tensor) -> tuple[Tensor, ...]:
        total = processes.sum(torch.cat([tensor.reshape(-1) for tensor in tensors]))
        parts = torch.split(total, [tensor.numel() for tensor in tensors])
        return tuple(
            part.reshape(tensor.shape).clone() for part, tensor in zip(parts, tensors, strict=True)
        )

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> Any:
        return None, *_applied(_Spread, ctx.processes, gradients)


def _applied(
    function: type[torch.autograd.Function],
    processes: ProcessGroup,
    gradients: tuple[Tensor | None, ...],
) -> list[Tensor | None]:
    """A function of those gradients that there are."""
    present = [gradient for gradient in gradients if gradient is not None]
    if not present:
        return list(gradients)
    found = iter(_apply(function, processes, *present))
    return [None if gradient is None else next(found) for gradient in gradients]

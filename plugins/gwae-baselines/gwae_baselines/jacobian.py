"""Products with the Jacobian of a decoder."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def pushed(decode: Callable[[Tensor], Tensor], z: Tensor, v: Tensor) -> Tensor:
    """J v of codes z and directions v, (n, d) each: (n, *output_shape), differentiable twice.

    J v is the derivative of w -> J^T w, which is linear, in the direction v. Forward mode gives the
    same, and a warning with it: it compiles with a deprecated part of torch.
    """
    out, pull, *_ = torch.func.vjp(decode, z)
    _, push, *_ = torch.func.vjp(lambda w: pull(w)[0], torch.zeros_like(out))
    (product,) = push(v)
    moved: Tensor = product
    return moved

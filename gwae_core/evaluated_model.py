"""A trained model on a split of the data: its codes and reconstructions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gwae_core.errors import TrainingError
from gwae_core.interfaces import DataArrays, Evaluated, Objective


@contextmanager
def evaluation_mode(model: Objective) -> Iterator[None]:
    """Put a model in evaluation mode, and each of its modules back afterwards."""
    training = {name: module.training for name, module in model.named_modules()}
    model.eval()
    try:
        yield
    finally:
        for name, module in model.named_modules():
            module.training = training[name]


def like_of(model: Objective) -> Tensor:
    """A floating tensor of the model, which tells its device and dtype."""
    for tensor in (*model.parameters(), *model.buffers()):
        if tensor.is_floating_point():
            return tensor
    return torch.empty(0)


def decode(model: Objective, z: NDArray[Any] | Tensor) -> NDArray[np.float32]:
    """Decode codes (..., d) to data (..., *shape)."""
    like = like_of(model)
    codes = torch.as_tensor(z, device=like.device, dtype=like.dtype)
    data = model.decode(codes.reshape(-1, codes.shape[-1]))
    data = data.reshape(*codes.shape[:-1], *data.shape[1:])
    return np.asarray(data.float().cpu().numpy(), np.float32)


@torch.inference_mode()
def run_model(model: Objective, arrays: DataArrays, *, batch_size: int) -> Evaluated:
    """Codes and reconstructions of a split, from posterior means.

    Raises:
        TrainingError: They hold NaN or inf.
    """
    like = like_of(model)
    codes, decoded = [], []
    for start in range(0, len(arrays.x), batch_size):
        batch = torch.from_numpy(arrays.x[start : start + batch_size])
        means = model.encode(batch.to(like.device, like.dtype)).mean
        codes.append(means.float().cpu().numpy())
        decoded.append(decode(model, means))
    z, x_hat = np.concatenate(codes), np.concatenate(decoded)
    for name, values in (("codes", z), ("reconstructions", x_hat)):
        if not np.isfinite(values).all():
            raise TrainingError(
                f"{name} of the trained model hold NaN or inf",
                hint="train again with a lower learning rate or gradient_clip",
            )
    return Evaluated(arrays.array, z, x_hat, arrays.y, arrays.factors)

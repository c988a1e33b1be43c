"""Features of a small classifier of the training split."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import PositiveFloat, PositiveInt
from torch import Tensor, nn
from torch.nn import functional

from gwae_core.context import BuildContext, require
from gwae_core.errors import DataError
from gwae_core.interfaces import Features


class ClassifierFeatures(Features):
    """Features of a small classifier, trained on the labels of the training split.

    The last hidden layer of two 3 x 3 convolutions (with maxima over 2 x 2 pixels) and a hidden
    layer, or of two hidden layers where the data are no images, with ReLU; trained by Adam on
    cross-entropy. What distances between such features see is what tells the classes apart, as in
    the distance of Heusel et al. (2017), there with classes of photographs.
    """

    needs_labels: ClassVar[bool] = True

    class Config(Features.Config):
        """Size and training."""

        type: Literal["classifier"] = "classifier"
        channels: PositiveInt = 16
        """Channels of the first convolution, half those of the second."""
        width: PositiveInt = 64
        """Number of features."""
        steps: PositiveInt = 400
        """Training steps."""
        batch_size: PositiveInt = 128
        """Training points a step."""
        learning_rate: PositiveFloat = 1e-3
        """Learning rate of Adam."""

    config: Config
    mean: Tensor
    scale: Tensor

    def __init__(self, config: Config, context: BuildContext | None = None) -> None:
        super().__init__(config, context)
        context = require(context, self)
        self.register_buffer("mean", context.statistics.mean.clone())
        self.register_buffer("scale", torch.tensor(context.statistics.scale))
        self.network = nn.Sequential(*_layers(context, config))

    def fit(self, x: NDArray[Any], y: NDArray[Any] | None, *, seed: int) -> None:
        """Train on data (n, *data_shape) and labels (n,), from weights drawn by the seed.

        Raises:
            DataError: There are no labels, or all are equal.
        """
        if y is None or len(np.unique(y)) < 2:
            found = "none" if y is None else f"the label {y[0]} alone"
            raise DataError(
                f"the features {self.name()!r} are trained on labels of two classes or more; "
                f"the training split has {found}",
                hint="take features that need no labels: random-convolutions or pixels",
            )
        classes, targets = np.unique(y, return_inverse=True)
        device = self.mean.device
        data = torch.as_tensor(x, device=device, dtype=self.mean.dtype)
        labels = torch.as_tensor(targets, device=device)
        # drawn on the CPU, so that one seed gives the same weights and batches on any device
        generator = torch.Generator().manual_seed(seed)
        with torch.inference_mode(False), torch.enable_grad(), torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            for module in self.network:
                if isinstance(module, nn.Conv2d | nn.Linear):
                    module.reset_parameters()
            head = nn.Linear(self.config.width, len(classes)).to(device, data.dtype)
            model = nn.Sequential(self, head).train()
            optimizer = torch.optim.Adam(model.parameters(), lr=self.config.learning_rate)
            for _ in range(self.config.steps):
                rows = torch.randint(len(data), (self.config.batch_size,), generator=generator)
                rows = rows.to(device)
                loss = functional.cross_entropy(model(data[rows]), labels[rows])
                optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
        self.eval()

    def forward(self, x: Tensor) -> Tensor:
        """Features (n, width) of data (n, *data_shape)."""
        features: Tensor = self.network((x - self.mean) / self.scale)
        return features


def _layers(context: BuildContext, config: ClassifierFeatures.Config) -> list[nn.Module]:
    layers: list[nn.Module] = []
    if len(context.data_shape) == 3:
        fan_in, *size = context.data_shape
        for fan_out in (config.channels, 2 * config.channels):
            layers += [nn.Conv2d(fan_in, fan_out, 3, padding=1), nn.ReLU()]
            if min(size) >= 2:
                layers.append(nn.MaxPool2d(2))
                size = [side // 2 for side in size]
            fan_in = fan_out
        # at most 4 x 4 cells, so that large images do not make the hidden layer large
        cells = [min(side, 4) for side in size]
        pool: tuple[int, int] = (cells[0], cells[1])
        layers += [nn.AdaptiveAvgPool2d(pool), nn.Flatten()]
        fan_in *= cells[0] * cells[1]
    else:
        layers += [nn.Flatten(), nn.Linear(context.num_features, config.width), nn.ReLU()]
        fan_in = config.width
    return [*layers, nn.Linear(fan_in, config.width), nn.ReLU()]

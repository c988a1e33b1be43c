"""Features of Inception-v3."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from gwae_core.builtin.features.image_shape import image_shape
from gwae_core.context import BuildContext, require
from gwae_core.errors import ComponentError
from gwae_core.interfaces import Features

SIDE = 299
"""Side of the images that the network was trained on, in pixels."""
FILE = "inception_v3_google-0cc3c7bd.pth"
"""Torchvision's weights, a pickle, which is never read here."""
WHERE = f"""get {FILE}, which torchvision.models.Inception_V3_Weights names, bring it to the \
safetensors format, `safetensors.torch.save_file(torch.load({FILE!r}, weights_only=True), PATH)`, \
and give `features: {{type: inception, weights: PATH}}`; without it take the features \
`random-convolutions` or `classifier`"""


class InceptionFeatures(Features):
    """Pooled features of Inception-v3 with torchvision's weights (Szegedy et al., 2016).

    The 2,048 features of the published distance (Heusel et al., 2017), with torchvision's weights,
    whose numbers differ from those of the converted TensorFlow weights: compare them only with
    numbers of the same file. Images in [0, 1] are resized to 299 x 299 (bilinear, antialiased), one
    channel is shown as three equal ones, and values go to [-1, 1], as the network was trained.
    Nothing is downloaded: the weights are a local file in the safetensors format.
    """

    images_only: ClassVar[bool] = True

    class Config(Features.Config):
        """Where the weights are."""

        type: Literal["inception"] = "inception"
        weights: Path | None = None
        """File of the weights, safetensors; it must be given."""
        checksum: str | None = Field(None, min_length=8, max_length=64, pattern="^[0-9a-f]+$")
        """First digits of the file's SHA-256; null compares none."""

    config: Config

    def __init__(self, config: Config, context: BuildContext | None = None) -> None:
        super().__init__(config, context)
        channels, _, _ = image_shape(require(context, self), self.name())
        if channels not in (1, 3):
            raise ComponentError(
                f"the features 'inception' take grey or colour images (1 or 3 channels); the data "
                f"have {channels} channels",
                hint="take the features `random-convolutions`",
            )
        network = _network(_read(config))
        network.fc = nn.Identity()
        self.network = network.requires_grad_(False).eval()

    def train(self, mode: bool = True) -> InceptionFeatures:
        """Stay in evaluation mode: its batch statistics are those of its own training."""
        return super().train(False)

    def forward(self, x: Tensor) -> Tensor:
        """Features (n, 2048) of images (n, 1 or 3, height, width) in [0, 1]."""
        colour = x.expand(-1, 3, -1, -1)
        large = functional.interpolate(
            colour, size=(SIDE, SIDE), mode="bilinear", antialias=True, align_corners=False
        )
        features: Tensor = self.network(2 * large.clamp(0, 1) - 1)
        return features


def _read(config: InceptionFeatures.Config) -> dict[str, Tensor]:
    """The weights by name.

    Raises:
        ComponentError: No file was given, or it cannot be read, or it is another one.
    """
    path = config.weights
    if path is None:
        raise ComponentError("the features 'inception' need a file of weights", hint=WHERE)
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ComponentError(
            f"the weights {path} cannot be read: {error.strerror}", hint=WHERE
        ) from error
    if config.checksum is not None and not digest.startswith(config.checksum):
        raise ComponentError(
            f"the weights {path} are another file: the SHA-256 begins with {digest[:8]}, expected "
            f"{config.checksum}",
            hint=f"correct the checksum, or {WHERE}",
        )
    try:
        return load_file(path)
    except SafetensorError as error:
        raise ComponentError(
            f"the weights {path} are no safetensors file: {error}", hint=WHERE
        ) from error


def _network(weights: dict[str, Tensor]) -> nn.Module:
    """Inception-v3 with these weights.

    Raises:
        ComponentError: Torchvision is missing, or the weights are of another network.
    """
    try:
        from torchvision.models import inception_v3
    except (ImportError, RuntimeError) as error:  # one built for another torch fails late
        raise ComponentError(
            f"the features 'inception' need torchvision, which cannot be imported: {error}",
            hint='pip install "gwae-core[inception]", from where torch itself was installed',
        ) from error
    network: nn.Module = inception_v3(
        weights=None, transform_input=False, init_weights=False, aux_logits=True
    )
    try:
        network.load_state_dict(weights)
    except (AttributeError, RuntimeError, TypeError) as error:
        text = str(error).splitlines()[0]
        raise ComponentError(
            f"the weights are not those of Inception-v3: {text}", hint=WHERE
        ) from error
    return network

"""The shape of images, for extractors that take nothing else."""

from __future__ import annotations

from gwae_core.context import BuildContext
from gwae_core.errors import ComponentError


def image_shape(context: BuildContext, extractor: str) -> tuple[int, int, int]:
    """Channels, height and width of the data.

    Raises:
        ComponentError: The data are no images.
    """
    if len(context.data_shape) != 3:
        raise ComponentError(
            f"the features {extractor!r} take images (channels, height, width); the data have the "
            f"shape {context.data_shape}",
            hint="take the features `pixels`, which are the data themselves",
        )
    channels, height, width = context.data_shape
    return channels, height, width

"""What objectives with a Gaussian likelihood of their own need."""

from __future__ import annotations

from gwae_core import Autoencoder
from gwae_core.errors import ComponentError


def require_squared_error(objective: Autoencoder) -> None:
    """Refuse a reconstruction whose likelihood would not be used.

    Raises:
        ComponentError: The reconstruction is not ``squared-error``.
    """
    name = objective.reconstruction.name()
    if name != "squared-error":
        raise ComponentError(
            f"{objective.name()} has a Gaussian likelihood of its own; the reconstruction "
            f"{name!r} is another",
            hint="set reconstruction: squared-error, or take the objective vae",
        )

"""The exponent that solvers need."""

from __future__ import annotations

from gwae_core.errors import SpaceError
from gwae_core.interfaces import Estimator


def require_square(rho: float, estimator: Estimator) -> None:
    """Refuse an exponent other than 2.

    Raises:
        SpaceError: It says which estimator takes any.
    """
    if rho != 2:
        raise SpaceError(
            f"estimator {estimator.name()!r} solves for rho 2; got {rho:g}",
            hint="the estimator paired takes any rho",
        )

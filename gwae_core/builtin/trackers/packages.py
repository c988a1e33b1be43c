"""Whether the package of a tracker is there."""

from __future__ import annotations

from importlib.util import find_spec

from gwae_core.errors import ComponentError


def require_package(package: str, tracker: str) -> None:
    """Say how to install a package that is missing; nothing is imported.

    Raises:
        ComponentError: It is not installed.
    """
    if find_spec(package) is None:
        raise ComponentError(
            f"the tracker {tracker!r} needs the package {package!r}, which is not installed",
            hint=f"pip install {package} (or gwae-core[{tracker}]), or leave the tracker out",
        )

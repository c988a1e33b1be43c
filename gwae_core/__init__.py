"""gwae-core: the plugin-based framework for Gromov-Wasserstein autoencoders.

The public names load on first use, so that ``import gwae_core`` itself imports neither torch nor any
plugin.
"""

from __future__ import annotations

import importlib
from typing import Any

from gwae_core.errors import GWAEError

__version__ = "0.1.0"

_LAZY: dict[str, str] = {}

__all__ = ["GWAEError", "__version__"]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'gwae_core' has no attribute {name!r}")
    return getattr(importlib.import_module(_LAZY[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)

"""The conformance kit: laws that every component keeps, for authors of plugins to run.

In a test file of a plugin::

    from gwae_core.testing import parametrize_with_checks

    @parametrize_with_checks([Cube.Config(), Cube.Config(half_width=2.0)])
    def test_conformance(check):
        check()

Without pytest, ``run_checks(Cube.Config())`` gives a list of results.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from gwae_core.components import ComponentConfig
from gwae_core.testing.check import Check, CheckResult, NotApplicable, result_of
from gwae_core.testing.suite import checks_for

if TYPE_CHECKING:
    import pytest

__all__ = [
    "Check",
    "CheckResult",
    "NotApplicable",
    "checks_for",
    "parametrize_with_checks",
    "run_checks",
]


def run_checks(
    config: ComponentConfig, *, data_shape: tuple[int, ...] = (1, 8, 8), latent_dim: int = 3
) -> list[CheckResult]:
    """Run every check of a component; failures are among the results, nothing is raised.

    Args:
        config: Configuration of the component.
        data_shape: Shape of a data point, for components that take no images of 8x8.
        latent_dim: Number of latent dimensions.
    """
    checks = checks_for(config, data_shape=data_shape, latent_dim=latent_dim)
    return [result_of(check) for check in checks]


def parametrize_with_checks(
    configs: Sequence[ComponentConfig],
    *,
    data_shape: tuple[int, ...] = (1, 8, 8),
    latent_dim: int = 3,
) -> pytest.MarkDecorator:
    """Decorate a test that takes ``check``: it runs once for each check of each configuration.

    Args:
        configs: Configurations of components, of one kind or several.
        data_shape: Shape of a data point, for components that take no images of 8x8.
        latent_dim: Number of latent dimensions.
    """
    import pytest

    checks = [
        check
        for config in configs
        for check in checks_for(config, data_shape=data_shape, latent_dim=latent_dim)
    ]
    label: Callable[[Any], str] = str
    return pytest.mark.parametrize("check", checks, ids=label)

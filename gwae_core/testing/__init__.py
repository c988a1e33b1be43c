"""The conformance kit: laws that every component keeps, for authors of plugins to run.

All that a test file of a plugin needs::

    from gwae_core.testing import parametrize_with_checks

    test_conformance = parametrize_with_checks([Cube.Config(), Cube.Config(half_width=2.0)])

Without pytest, ``run_checks(Cube.Config())`` gives a list of results, and ``gwae plugins check``
runs the kit on what is installed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from gwae_core.components import ComponentConfig
from gwae_core.errors import ComponentError
from gwae_core.testing.check import Check, CheckResult, NotApplicable, result_of, with_expected
from gwae_core.testing.suite import checks_for

__all__ = [
    "Check",
    "CheckResult",
    "NotApplicable",
    "checks_for",
    "parametrize_with_checks",
    "run_checks",
]


def run_checks(
    config: ComponentConfig,
    *,
    expected_failures: Mapping[str, str] | None = None,
    data_shape: tuple[int, ...] = (1, 8, 8),
    latent_dim: int = 3,
) -> list[CheckResult]:
    """Run every check of a component; failures are among the results, not raised.

    Args:
        config: Configuration of the component.
        expected_failures: Name of a check -> why the component breaks that law. Its status is
            ``expected failure``; if it passes, it is ``failed`` and the message says so.
        data_shape: Shape of a data point, for components that take no images of 8x8.
        latent_dim: Number of latent dimensions.

    Raises:
        ComponentError: ``expected_failures`` names a check that there is not.
    """
    checks = checks_for(config, data_shape=data_shape, latent_dim=latent_dim)
    return [result_of(check) for check in with_expected(checks, expected_failures or {})]


def parametrize_with_checks(
    configs: Sequence[ComponentConfig],
    *,
    expected_failures: Mapping[str, str] | None = None,
    data_shape: tuple[int, ...] = (1, 8, 8),
    latent_dim: int = 3,
) -> Callable[[Check], None]:
    """Return a pytest test that runs once for each check of each configuration.

    Assign it to a name that begins with ``test``::

        test_conformance = parametrize_with_checks(
            [Sliced.Config()],
            expected_failures={"isometry_invariance": "lines are drawn in fixed coordinates"},
        )

    Args:
        configs: Configurations of components, of one kind or several.
        expected_failures: Name of a check -> why these components break that law; strict: one that
            passes fails the test. Components that differ in this have a test each.
        data_shape: Shape of a data point, for components that take no images of 8x8.
        latent_dim: Number of latent dimensions.

    Raises:
        ComponentError: There is no configuration, or ``expected_failures`` names a check that no
            component has.
    """
    import pytest

    if not configs:
        raise ComponentError(
            "there is nothing to check: the list of configurations is empty",
            hint="give objects such as MyPrior.Config()",
        )

    checks = [
        check
        for config in configs
        for check in checks_for(config, data_shape=data_shape, latent_dim=latent_dim)
    ]
    cases = []
    for check in with_expected(checks, expected_failures or {}):
        reason = check.expected_failure
        marks = [pytest.mark.xfail(reason=reason, strict=True)] if reason else []
        cases.append(pytest.param(check, id=str(check), marks=marks))

    @pytest.mark.parametrize("check", cases)
    def test_conformance(check: Check) -> None:
        check()

    return test_conformance

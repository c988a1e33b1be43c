from gwae_cube import Cube

from gwae_core.testing import Check, parametrize_with_checks


@parametrize_with_checks([Cube.Config(), Cube.Config(half_width=2.0)])
def test_conformance(check: Check) -> None:
    check()

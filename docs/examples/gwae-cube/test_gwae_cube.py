from gwae_cube import Cube

from gwae_core.testing import parametrize_with_checks

test_conformance = parametrize_with_checks([Cube.Config(), Cube.Config(half_width=2.0)])

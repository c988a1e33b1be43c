"""Solvers of the Gromov-Wasserstein problem: spaces in, result out; no registry and no configs."""

from gwae_core.solvers.bounds import lower_bound
from gwae_core.solvers.entropic import entropic_gw
from gwae_core.solvers.exact import exact_gw
from gwae_core.solvers.sliced import sliced_gw
from gwae_core.solvers.value import distortion

__all__ = ["distortion", "entropic_gw", "exact_gw", "lower_bound", "sliced_gw"]

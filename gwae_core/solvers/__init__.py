"""Solvers of the Gromov-Wasserstein problem: spaces in, result out; no registry and no configs."""

from gwae_core.solvers.exact import exact_gw
from gwae_core.solvers.value import distortion

__all__ = ["distortion", "exact_gw"]

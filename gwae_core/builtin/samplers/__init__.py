"""Built-in samplers: distributions that are fitted on codes after training."""

from gwae_core.builtin.samplers.flow import FlowSampler
from gwae_core.builtin.samplers.gaussian import GaussianSampler
from gwae_core.builtin.samplers.gaussian_mixture import GaussianMixtureSampler

COMPONENTS = (GaussianSampler, GaussianMixtureSampler, FlowSampler)

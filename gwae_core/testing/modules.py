"""What each kind of module is fed with under test, and what it must return."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from gwae_core.interfaces import (
    AdversarialDivergence,
    DensityPrior,
    Encoder,
    Estimator,
    MixturePrior,
    Reconstruction,
    Sample,
    WeightedSamples,
)
from gwae_core.registered import config_class
from gwae_core.spaces import GROUND_COSTS, MMSpace
from gwae_core.testing.subject import ModuleSubject, seeded


def _normal(seed: int, *shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


class EncoderSubject(ModuleSubject):
    """Encoders: data to posteriors."""

    differentiable = ("x",)
    rowwise = ("mean", "log_variance", "entropy")

    def inputs(self, n: int) -> dict[str, Tensor]:
        """Data."""
        return {"x": self.data(n)}

    def outputs(
        self, module: Encoder, inputs: Mapping[str, Tensor], n: int, generator: torch.Generator
    ) -> dict[str, Tensor]:
        """Moments, a sample, and the entropy."""
        posterior = module(inputs["x"])
        found = {
            "mean": posterior.mean,
            "rsample": posterior.rsample(generator),
            "log_variance": posterior.log_variance,
            "entropy": posterior.entropy(),
        }
        return {name: value for name, value in found.items() if value is not None}

    def shapes(self, n: int) -> dict[str, tuple[int, ...]]:
        """(n, d); the entropy (n,)."""
        codes = (n, self.latent_dim)
        return {"mean": codes, "rsample": codes, "log_variance": codes, "entropy": (n,)}


class DecoderSubject(ModuleSubject):
    """Decoders: codes to parameters."""

    differentiable = ("z",)
    rowwise = ("params",)

    def inputs(self, n: int) -> dict[str, Tensor]:
        """Codes."""
        return {"z": _normal(3, n, self.latent_dim)}

    def outputs(
        self, module: Any, inputs: Mapping[str, Tensor], n: int, generator: torch.Generator
    ) -> dict[str, Tensor]:
        """The parameters."""
        return {"params": module(inputs["z"])}

    def shapes(self, n: int) -> dict[str, tuple[int, ...]]:
        """(n, *output_shape)."""
        return {"params": (n, *self.data_shape)}


class ReconstructionSubject(ModuleSubject):
    """Reconstructions: parameters and data to losses, beside a critic that they may use."""

    differentiable = ("params",)
    rowwise = ("loss", "mean")

    def build(self, *, seed: int = 0, neutral: bool = False) -> Any:
        """Build the reconstruction and tell it of a critic, which does not train here."""
        reconstruction: Reconstruction = super().build(seed=seed, neutral=neutral)
        values = {"type": "critic", "channels": 2, "width": 8, "features": 4}
        critic = config_class("divergence", "critic").model_validate(values)
        with seeded(seed):
            built: AdversarialDivergence = critic.build(self.context(neutral=neutral))
        reconstruction.use_critic(built.requires_grad_(False))
        return reconstruction

    def inputs(self, n: int) -> dict[str, Tensor]:
        """Parameters and data."""
        reconstruction: Reconstruction = self.build()
        shape = reconstruction.output_shape(self.data_shape)
        return {"params": _normal(4, n, *shape), "x": self.data(n)}

    def outputs(
        self, module: Any, inputs: Mapping[str, Tensor], n: int, generator: torch.Generator
    ) -> dict[str, Tensor]:
        """Loss and expected data."""
        return {
            "loss": module.loss(inputs["params"], inputs["x"]),
            "mean": module.mean(inputs["params"]),
        }

    def shapes(self, n: int) -> dict[str, tuple[int, ...]]:
        """(n,) and (n, *data_shape)."""
        return {"loss": (n,), "mean": (n, *self.data_shape)}


class PriorSubject(ModuleSubject):
    """Priors: noise to samples, and the density where there is one."""

    def inputs(self, n: int) -> dict[str, Tensor]:
        """Codes, for what a density is asked at."""
        return {"z": 0.1 * _normal(5, n, self.latent_dim)}

    def outputs(
        self, module: Any, inputs: Mapping[str, Tensor], n: int, generator: torch.Generator
    ) -> dict[str, Tensor]:
        """Samples; only they count for the gradient, since training has nothing else."""
        drawn = module.sample(n, generator=generator)
        if isinstance(drawn, WeightedSamples):
            found = {"sample": drawn.z, "weights": drawn.weights}
        else:
            found = {"sample": drawn}
        if isinstance(module, DensityPrior):
            found["log_prob"] = module.log_prob(inputs["z"]).detach()
        if isinstance(module, MixturePrior):
            found["responsibilities"] = module.responsibilities(inputs["z"]).detach()
            component = module.sample_component(0, n, generator=generator)
            found["sample_component"] = component.detach()
        return found

    def shapes(self, n: int) -> dict[str, tuple[int, ...]]:
        """(n, d); weights and log densities (n,)."""
        codes = (n, self.latent_dim)
        return {"sample": codes, "weights": (n,), "log_prob": (n,), "sample_component": codes}


class DivergenceSubject(ModuleSubject):
    """Divergences: two samples, one of them weighted, to a number."""

    differentiable = ("q", "p", "weights")
    needs_many = True

    def inputs(self, n: int) -> dict[str, Tensor]:
        """Codes and data of both samples, and weights of the second."""
        return {
            "q": _normal(6, n, self.latent_dim),
            "p": 2 * _normal(7, n, self.latent_dim) + 1,
            "weights": torch.linspace(1, 2, n) / torch.linspace(1, 2, n).sum(),
            "x": self.data(n),
            "x_hat": self.data(n).flip(0),
        }

    def outputs(
        self, module: Any, inputs: Mapping[str, Tensor], n: int, generator: torch.Generator
    ) -> dict[str, Tensor]:
        """The value, and what the critic minimises where there is one."""
        x, x_hat = (inputs["x"], inputs["x_hat"]) if module.joint else (None, None)
        q = Sample(inputs["q"], None, x)
        p = Sample(inputs["p"], inputs["weights"], x_hat)
        found = {"value": module(q, p, generator=generator)}
        if isinstance(module, AdversarialDivergence):
            found["score"] = module.score(q)
            # The critic trains with gradients, and only then.
            if torch.is_grad_enabled():
                terms, _ = module.critic_losses(q.detach(), p.detach(), generator=generator)
                found |= {f"critic.{name}": value for name, value in terms.items()}
        return found

    def shapes(self, n: int) -> dict[str, tuple[int, ...]]:
        """Numbers; a score for each pair."""
        return {"value": (), "score": (n,)}


class EstimatorSubject(ModuleSubject):
    """Estimators: two spaces of equal size to a result."""

    differentiable = ("x", "z")

    def inputs(self, n: int) -> dict[str, Tensor]:
        """Points of two spaces."""
        return {"x": _normal(8, n, self.latent_dim + 2), "z": _normal(9, n, self.latent_dim)}

    def outputs(
        self, module: Any, inputs: Mapping[str, Tensor], n: int, generator: torch.Generator
    ) -> dict[str, Tensor]:
        """Value and objective, and the plan where there is one."""
        x, z = (MMSpace(points=inputs[name], cost=self.cost()) for name in ("x", "z"))
        result = module(x, z, rho=self.exponent(), generator=generator)
        found = {"value": result.value.detach(), "objective": result.objective}
        if module.has_plan:
            found["plan"] = result.dense().detach()
        return found

    def shapes(self, n: int) -> dict[str, tuple[int, ...]]:
        """Numbers; the plan (n, n)."""
        return {"value": (), "objective": (), "plan": (n, n)}

    @property
    def estimator(self) -> type[Estimator]:
        """The class under test, which says what it can do."""
        assert issubclass(self.component, Estimator)
        return self.component

    @cached_property
    def exempt_from(self) -> frozenset[str]:
        """Laws that the estimator breaks by nature, with this configuration."""
        laws: frozenset[str] = self.build().exempt_from
        return laws

    def cost(self) -> str:
        """A ground cost that the estimator takes, euclidean where it can."""
        costs = self.estimator.costs
        return next((c for c in GROUND_COSTS if costs is None or c in costs), min(costs or ("",)))

    def exponent(self) -> float:
        """An exponent that the estimator takes, 2 where it can."""
        exponents = self.estimator.exponents
        return 2.0 if exponents is None or 2.0 in exponents else min(exponents)


class FeaturesSubject(ModuleSubject):
    """Feature extractors: data to vectors."""

    rowwise = ("features",)

    def inputs(self, n: int) -> dict[str, Tensor]:
        """Data."""
        return {"x": self.data(n)}

    def outputs(
        self, module: Any, inputs: Mapping[str, Tensor], n: int, generator: torch.Generator
    ) -> dict[str, Tensor]:
        """The features."""
        return {"features": module(inputs["x"])}

    def shapes(self, n: int) -> dict[str, tuple[int, ...]]:
        """(n, k) for any k."""
        return {}

"""The Gromov-Wasserstein autoencoder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

import torch
from torch import Tensor

from gwae_core.autoencoder import Autoencoder, full_precision, prior_moments
from gwae_core.builtin.objectives.gw_term import SCALE_SAMPLE, GWTerm
from gwae_core.builtin.objectives.gwae_config import GWAEConfig
from gwae_core.context import Batch, BuildContext, require
from gwae_core.data_metric import GeodesicMetric
from gwae_core.errors import ComponentError
from gwae_core.interfaces import (
    AdversarialDivergence,
    Divergence,
    FittablePrior,
    Losses,
    Parameters,
    Posterior,
    Resumable,
    Sample,
    Stage,
    UpdateGroup,
    WeightedSamples,
)
from gwae_core.interfaces.resumable import Carried
from gwae_core.posteriors import StandardizedPosterior
from gwae_core.ramps import weight_at
from gwae_core.spaces import MMSpace

REPRESENTATION = "representation"
JOINT = "joint"


class GWAE(Autoencoder, Resumable):
    """Gromov-Wasserstein autoencoder: match the metric structure of codes to that of the data.

    L = w_gw L_GW + w_rec L_W + w_div L_D + w_ent L_H (Nakagawa et al., 2023). A prior that can be
    fitted on codes trains in two stages: first everything but the prior, then, after the codes have
    been standardised and the prior fitted on them, all terms together.
    """

    class Config(GWAEConfig):
        """Parameters of the objective."""

        type: Literal["gwae"] = "gwae"

    config: Config
    code_mean: Tensor
    code_scale: Tensor

    def __init__(self, config: Config, context: BuildContext | None = None) -> None:
        super().__init__(config, context)
        context = require(context, self)
        self.stage = JOINT
        data = context.train_data
        geodesic = None
        if config.data_metric == "geodesic" and data is not None:
            if context.sampled:
                raise ComponentError(
                    "data_metric: geodesic takes the distances of all training data, which are "
                    "read row by row, and do not fit",
                    hint="set data_metric to ground; or take at most 20,000 points (data.limit), "
                    "with data.on_disk: false for an .npy file",
                )
            geodesic = GeodesicMetric(data, n_neighbors=config.num_neighbors)
        self.gw = GWTerm(
            config.estimator.build(context),
            ground_cost=config.cost,
            rho=config.exponent,
            latent_dim=context.latent_dim,
            per_coordinate=config.scale_per_coordinate,
            trainable=config.scale_learning_rate > 0,
            initial_scale=config.initial_scale,
            normalised=config.scaling == "normalised",
            geodesic=geodesic,
            train_data=data,
        )
        self.divergence: Divergence = config.divergence.build(context)
        critic = self.divergence if isinstance(self.divergence, AdversarialDivergence) else None
        self.reconstruction.use_critic(critic)
        self.register_buffer("code_mean", torch.zeros(context.latent_dim))
        self.register_buffer("code_scale", torch.ones(context.latent_dim))

    @property
    def two_stages(self) -> bool:
        """Whether the prior is fitted on codes before it takes part."""
        return isinstance(self.prior, FittablePrior) and self.config.representation_share > 0

    def stages(self) -> Sequence[Stage]:
        """``representation`` (no prior) and ``joint``; only ``joint`` for a prior without a fit."""
        adversarial = isinstance(self.divergence, AdversarialDivergence)
        groups = ("critic", "main") if adversarial else ("main",)
        if not self.two_stages:
            return (Stage(JOINT, 1.0, groups),)
        share = self.config.representation_share
        return (Stage(REPRESENTATION, share, ("main",)), Stage(JOINT, 1 - share, groups))

    @torch.no_grad()
    def start_stage(self, stage: str, x: Tensor, *, generator: torch.Generator) -> None:
        """Fit the scale C; before the joint stage of two, standardise codes and fit the prior."""
        self.stage = stage
        if stage == JOINT and self.two_stages:
            means = self.encode_all(x)
            # One scale for all coordinates: it changes no ratio of distances between codes.
            centre = means.mean(0)
            spread = (means - centre).square().mean().sqrt().clamp_min(1e-6)
            self.code_mean.add_(self.code_scale * centre)
            self.code_scale.mul_(spread)
            assert isinstance(self.prior, FittablePrior)
            seed = int(torch.randint(2**31, (), generator=generator, device=generator.device))
            self.prior.fit((means - centre) / spread, seed=seed)
        if self.config.compare == "posterior" or stage == REPRESENTATION:
            z = self.encode_all(x[:SCALE_SAMPLE])
        else:
            z = self._prior_sample(SCALE_SAMPLE, generator).z
        self.gw.fit_scale(z)

    def groups(self) -> Sequence[UpdateGroup]:
        """``main``: encoder, decoder, prior and C; ``critic`` where the divergence has one."""
        own = list(self.divergence.parameters())
        prior = list(self.prior.parameters()) if self.two_stages else []
        apart = {id(p) for p in (*own, *prior, self.gw.log_scale)}
        main = [Parameters([p for p in self.parameters() if id(p) not in apart])]
        if prior:
            main.append(Parameters(prior, self.config.fitted_prior_learning_rate))
        if self.config.scale_learning_rate > 0:
            main.append(Parameters([self.gw.log_scale], self.config.scale_learning_rate))
        if isinstance(self.divergence, AdversarialDivergence):
            return self.divergence.groups_with(main)
        return [UpdateGroup("main", main)]

    @property
    def adversarial_terms(self) -> frozenset[str]:
        """The divergence, where a critic that moves decides it."""
        adversarial = isinstance(self.divergence, AdversarialDivergence)
        return frozenset({"divergence"} if adversarial else ())

    def losses(self, group: str, batch: Batch, *, generator: torch.Generator) -> Losses:
        """The four terms for ``main``; the critic's for ``critic``."""
        if group == "critic":
            return self._critic_losses(batch, generator)
        weights = self._weights()
        posterior = self.encode(batch.x)
        z_tilde = posterior.rsample(generator)
        prior_sample: Sample | None = None
        needed = weights["divergence"] > 0 or self.config.compare != "posterior"
        if self.stage == JOINT and needed:
            prior_sample = self._prior_sample(len(batch.x), generator)
        generates = self.config.compare == "generated" or self.divergence.joint
        if prior_sample is not None and generates:
            # one pass for both kinds of codes, which is faster than two
            both = self.decode_params(torch.cat([z_tilde, prior_sample.z]))
            params, of_prior = torch.split(both, [len(z_tilde), len(prior_sample.z)])
            prior_sample = replace(prior_sample, x=self.reconstruction.mean(of_prior))
        else:
            params = self.decode_params(z_tilde)
        with full_precision(batch.x):
            terms = {"reconstruction": self.reconstruction.loss(params, batch.x).mean()}
            observed = self.observe(posterior, z_tilde, self.reconstruction.mean(params), batch.x)
            if prior_sample is not None:
                observed |= prior_moments(prior_sample.z, prior_sample.mass)
            if weights["gw"] > 0:
                spaces = self._spaces(batch, z_tilde, prior_sample)
                terms["gw"], more = self.gw(*spaces, generator=generator)
                observed |= more
            if weights["divergence"] > 0 and prior_sample is not None:
                q = Sample(z_tilde, x=batch.x if self.divergence.joint else None)
                terms["divergence"] = self.divergence(q, prior_sample, generator=generator)
            if weights["entropy"] > 0:
                terms["entropy"] = self._entropy_loss(posterior)
            if self.config.scaling == "normalised":
                terms["reconstruction"] = 2 * terms["reconstruction"] / self.total_variance
                if "divergence" in terms and self.divergence.sums_dimensions:
                    terms["divergence"] = terms["divergence"] / self.latent_dim
                if "entropy" in terms:
                    terms["entropy"] = terms["entropy"] / self.latent_dim
            return Losses({name: weights[name] * term for name, term in terms.items()}, observed)

    def _weights(self) -> dict[str, float]:
        """Weights of the terms: the present ones, and in evaluation those at the end of the run."""
        progress = self.progress if self.training else 1.0
        return {
            name: weight_at(getattr(self.config.weights, name), progress)
            for name in type(self.config.weights).model_fields
        }

    def _spaces(
        self, batch: Batch, z_tilde: Tensor, prior_sample: Sample | None
    ) -> tuple[MMSpace, MMSpace]:
        """The two spaces of the GW term."""
        compare = self.config.compare
        if prior_sample is None or compare == "posterior":
            codes = self.gw.code_space(z_tilde, None)
            return self.gw.data_space(batch.x, batch.index), codes
        codes = self.gw.code_space(prior_sample.z, prior_sample.weights)
        if compare == "data":
            return self.gw.data_space(batch.x, batch.index), codes
        assert prior_sample.x is not None
        return self.gw.data_space(prior_sample.x, None, prior_sample.weights), codes

    def _critic_losses(self, batch: Batch, generator: torch.Generator) -> Losses:
        assert isinstance(self.divergence, AdversarialDivergence)
        # No graph and no reconstruction: the critic sees one sample of each joint, nothing else.
        with torch.no_grad():
            z_tilde = self.encode_once(batch).rsample(generator)
            p = self._prior_sample(len(batch.x), generator)
            if self.divergence.joint:
                p = replace(p, x=self.decode(p.z))
        q = Sample(z_tilde, x=batch.x if self.divergence.joint else None)
        with full_precision(batch.x):
            terms, observed = self.divergence.critic_losses(q, p, generator=generator)
        return Losses(terms, observed)

    def training_state(self) -> Mapping[str, Carried]:
        """The stage."""
        return {"stage": self.stage}

    def load_training_state(self, state: Mapping[str, Carried]) -> None:
        """Go on in a stage."""
        self.stage = str(state["stage"])

    def _prior_sample(self, n: int, generator: torch.Generator) -> Sample:
        with full_precision(self.code_mean):
            drawn = self.prior.sample(n, generator=generator)
        z, weights = (
            (drawn.z, drawn.weights) if isinstance(drawn, WeightedSamples) else (drawn, None)
        )
        return Sample(z, weights)

    def _entropy_loss(self, posterior: Posterior) -> Tensor:
        """L_H = -mean_i sum_d log sigma_d^2; where variances are not known, from the entropy."""
        if posterior.log_variance is not None:
            return -posterior.log_variance.sum(-1).mean()
        entropy = posterior.entropy()
        if entropy is None:
            raise ComponentError(
                "the encoder's posterior has no entropy, but the entropy term has a weight",
                hint="set objective.weights.entropy to 0, or take a Gaussian posterior",
            )
        return -2 * entropy.mean()

    def encode(self, x: Tensor) -> Posterior:
        """Posterior over (standardised) codes of data (n, *data_shape)."""
        return StandardizedPosterior(super().encode(x), self.code_mean, self.code_scale)

    def decode_params(self, z: Tensor) -> Tensor:
        """Decoder's output (n, *output_shape) for (standardised) codes (n, d)."""
        return super().decode_params(z * self.code_scale + self.code_mean)

    def data_distances(self, x: Tensor) -> tuple[str, Tensor] | None:
        """Distances (n, n) in the data metric of the GW term."""
        if self.gw.geodesic is not None:
            return "geodesic", torch.from_numpy(self.gw.geodesic.between(x))
        if self.config.cost == "euclidean":
            return None
        return self.config.cost, self.gw.data_space(x, None).d

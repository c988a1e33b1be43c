"""The training loop: stages, update groups, validation, and what is not finite."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from lightning_fabric import Fabric

from gwae_core.autoencoder import Autoencoder
from gwae_core.config import TrainingConfig
from gwae_core.context import Batch
from gwae_core.engine.batches import BatchSource, TensorBatches
from gwae_core.engine.health import HOPELESS_SCALE, examine
from gwae_core.engine.optimization import build_optimizer, gradient_norms, only_trains
from gwae_core.engine.schedule import rate, set_rate, stage_lengths
from gwae_core.errors import ConfigError, TrainingError
from gwae_core.interfaces import Losses, Objective, Stage, UpdateGroup

Record = Mapping[str, Any]
"""One line about a run: ``event`` says what it is."""


class NotFiniteError(TrainingError):
    """A loss term or a gradient became NaN or infinite.

    Attributes:
        term: Name of the term.
        step: Step at which it happened.
        batch: The batch that it happened on.
    """

    def __init__(self, term: str, step: int, stage: str, batch: Batch) -> None:
        super().__init__(
            f"the term {term!r} is not finite at step {step} (stage {stage!r})",
            hint="lower training.learning_rate, set training.gradient_clip, lengthen "
            "training.warmup_steps, or look at the saved batch",
        )
        self.term, self.step, self.stage, self.batch = term, step, stage, batch


def train(
    objective: Objective,
    batches: BatchSource,
    training: TrainingConfig,
    *,
    validation: TensorBatches | None = None,
    seed: int = 0,
) -> Iterator[Record]:
    """Train an objective, yielding a record after each step and each validation.

    Raises:
        NotFiniteError: A term or gradient is NaN or infinite; parameters are those before the step.
        TrainingError: The posterior exploded beyond recovery.
        ConfigError: The monitored term does not exist.
    """
    return _Loop(objective, batches, training, validation=validation, seed=seed).run()


class _Loop:
    """State of one training run."""

    def __init__(
        self,
        objective: Objective,
        batches: BatchSource,
        training: TrainingConfig,
        *,
        validation: TensorBatches | None,
        seed: int,
    ) -> None:
        self.fabric = _fabric(training)
        self.objective = objective
        self.module = self.fabric.setup_module(objective)
        for method in ("losses", "start_stage"):
            self.module.mark_forward_method(method)
        self.batches = iter(batches)
        self.source = batches
        self.training = training
        self.validation = validation
        self.seed = seed
        device = self.fabric.device
        self.generator = torch.Generator(device=device).manual_seed(seed)
        self.step = 0
        self.warned: set[str] = set()

    def run(self) -> Iterator[Record]:
        """All stages."""
        began, planned = time.perf_counter(), 0
        for stage, steps in stage_lengths(self.objective.stages(), self.training.steps):
            self.objective.train()
            x = self.source.all_data().to(self.fabric.device)
            self.module.start_stage(stage.name, x, generator=self.generator)
            yield {"event": "stage", "step": self.step, "stage": stage.name, "steps": steps}
            yield from self._stage(stage, steps, begins=planned)
            planned += steps
        self.objective.eval()
        yield {"event": "end", "step": self.step, "seconds": time.perf_counter() - began}

    def _stage(self, stage: Stage, steps: int, *, begins: int) -> Iterator[Record]:
        training = self.training
        by_name = {group.name: group for group in self.objective.groups()}
        groups = [by_name[name] for name in stage.groups]
        # A stage has another loss: moments of the old one would mislead the optimiser.
        optimizers = {
            group.name: self.fabric.setup_optimizers(build_optimizer(group, training))
            for group in groups
        }
        best, stale = float("inf"), 0
        clock, last_logged = time.perf_counter(), self.step
        for at in range(steps):
            share = rate(begins + at, training.steps, training)
            logs = at % training.log_every == 0 or at == steps - 1
            record: dict[str, Any] = {}
            for group in groups:
                optimizer = optimizers[group.name]
                set_rate(optimizer, share)
                for _ in range(group.steps):
                    batch = next(self.batches).to(self.fabric.device)
                    found = self._update(group, optimizer, batch, stage.name, logs=logs)
                    for key, values in found.items():
                        record.setdefault(key, {}).update(values)
            self.step += 1
            yield {
                "event": "progress",
                "step": self.step,
                "stage": stage.name,
                "terms": record["terms"],
            }
            if logs:
                now = time.perf_counter()
                speed = (self.step - last_logged) / max(now - clock, 1e-9)
                clock, last_logged = now, self.step
                yield self._train_record(stage.name, record, share * training.learning_rate, speed)
                yield from self._health(stage.name, record["observed"], (at + 1) / steps)
            last = at == steps - 1
            if self.validation is not None and (self.step % training.validate_every == 0 or last):
                validated = self._validate(stage.name)
                score = self._score(validated["terms"])
                improved = score < best
                best, stale = (score, 0) if improved else (best, stale + 1)
                yield {**validated, "monitor": score, "best": improved}
                if training.patience is not None and stale >= training.patience:
                    message = f"no improvement of {training.monitor} in {stale} validations"
                    yield {
                        "event": "early-stop",
                        "step": self.step,
                        "stage": stage.name,
                        "message": message,
                    }
                    return

    def _update(
        self, group: UpdateGroup, optimizer: Any, batch: Batch, stage: str, *, logs: bool
    ) -> dict[str, dict[str, Any]]:
        """One optimiser step; returns terms, and at logging steps observed values and norms."""
        parameters = [p for part in group.parameters for p in part.params]
        record: dict[str, dict[str, Any]] = {}
        with only_trains(self.objective, parameters):
            losses: Losses = self.module.losses(group.name, batch, generator=self.generator)
            record["terms"] = self._finite(losses, stage, batch)
            if logs:
                trained = [p for p in parameters if p.requires_grad]
                record["gradient_norm"] = gradient_norms(losses.terms, trained)
                record["observed"] = {k: float(v) for k, v in losses.observed.items()}
            optimizer.zero_grad(set_to_none=True)
            self.fabric.backward(losses.total)
        norm = torch.nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None])
        if not bool(torch.isfinite(norm)):
            raise NotFiniteError(_gradient_culprit(record), self.step + 1, stage, batch)
        if self.training.gradient_clip is not None:
            torch.nn.utils.clip_grads_with_norm_(parameters, self.training.gradient_clip, norm)
        optimizer.step()
        if logs:
            record["total_gradient_norm"] = {group.name: float(norm)}
        return record

    def _finite(self, losses: Losses, stage: str, batch: Batch) -> dict[str, float]:
        values = torch.stack([term.detach().float() for term in losses.terms.values()]).tolist()
        for name, value in zip(losses.terms, values, strict=True):
            if not abs(value) < float("inf"):
                raise NotFiniteError(name, self.step + 1, stage, batch)
        return dict(zip(losses.terms, values, strict=True))

    def _train_record(
        self, stage: str, record: dict[str, Any], learning_rate: float, speed: float
    ) -> Record:
        return {
            "event": "train",
            "step": self.step,
            "stage": stage,
            "terms": record["terms"],
            "total": sum(record["terms"].values()),
            "gradient_norm": record["gradient_norm"],
            "total_gradient_norm": record["total_gradient_norm"],
            "observed": record["observed"],
            "learning_rate": learning_rate,
            "steps_per_second": speed,
        }

    def _health(
        self, stage: str, observed: Mapping[str, float], progress: float
    ) -> Iterator[Record]:
        latent_dim = self.objective.latent_dim if isinstance(self.objective, Autoencoder) else None
        for symptom in examine(observed, progress=progress, latent_dim=latent_dim):
            if symptom.name not in self.warned:
                self.warned.add(symptom.name)
                yield {
                    "event": "warning",
                    "step": self.step,
                    "stage": stage,
                    "message": symptom.message,
                    "remedy": symptom.remedy,
                }
        scale = observed.get("posterior_scale", 0.0)
        if scale > HOPELESS_SCALE:
            raise TrainingError(
                f"the posterior exploded at step {self.step}: root mean square {scale:.3g}",
                hint="lower training.learning_rate or weights.entropy, or set "
                "training.gradient_clip",
            )

    @torch.inference_mode()
    def _validate(self, stage: str) -> Record:
        """Terms on the validation split, in batches of the training size where it has as many."""
        assert self.validation is not None
        self.objective.eval()
        generator = torch.Generator(device=self.fabric.device).manual_seed(self.seed)
        held_out = self.validation
        size = min(self.training.batch_size, len(held_out.x))
        sums: dict[str, float] = {}
        count = len(held_out.x) // size
        for k in range(count):
            rows = torch.arange(k * size, (k + 1) * size)
            batch = held_out.rows(rows).to(self.fabric.device)
            # These rows are not of the training split, so nothing may be looked up by them.
            batch = Batch(batch.x, y=batch.y, factors=batch.factors)
            losses = self.module.losses("main", batch, generator=generator)
            for name, term in losses.terms.items():
                sums[name] = sums.get(name, 0.0) + float(term) / count
        self.objective.train()
        return {
            "event": "validation",
            "step": self.step,
            "stage": stage,
            "terms": sums,
            "total": sum(sums.values()),
        }

    def _score(self, terms: Mapping[str, float]) -> float:
        """The monitored value: lower is better, and a moving critic has no say in it."""
        excluded = self.objective.adversarial_terms
        if self.training.monitor == "total":
            return sum(value for name, value in terms.items() if name not in excluded)
        if self.training.monitor not in terms:
            raise ConfigError(
                f"training.monitor: no term {self.training.monitor!r}; "
                f"allowed: total, {', '.join(terms)}"
            )
        return terms[self.training.monitor]


def _fabric(training: TrainingConfig) -> Fabric:
    try:
        return Fabric(accelerator=training.accelerator, devices=1, precision=training.precision)
    # Each accelerator and precision of lightning-fabric refuses in its own way.
    except Exception as error:
        raise ConfigError(
            f"training.accelerator {training.accelerator!r} with training.precision "
            f"{training.precision!r} cannot be used here: {error}",
            hint="accelerator cpu and precision 32-true work everywhere",
        ) from error


def _gradient_culprit(record: Mapping[str, Mapping[str, float]]) -> str:
    """The term whose gradient is not finite, where norms were computed; else all of them."""
    for name, norm in record.get("gradient_norm", {}).items():
        if not abs(norm) < float("inf"):
            return f"gradient of {name}"
    return "gradient of " + " + ".join(record["terms"])

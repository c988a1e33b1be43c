"""The training loop: stages, update groups, validation, and the state between two steps."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from typing import Any

import torch

from gwae_core.autoencoder import Autoencoder
from gwae_core.context import Batch
from gwae_core.engine.allocator import memory_kept
from gwae_core.engine.batches import BatchSource, TensorBatches
from gwae_core.engine.determinism import deterministic
from gwae_core.engine.devices import build_fabric, moved
from gwae_core.engine.ema import EMA
from gwae_core.engine.health import HOPELESS_SCALE, examine
from gwae_core.engine.position import Position
from gwae_core.engine.random_state import restore_random_state, save_random_state
from gwae_core.engine.schedule import rate, stage_lengths
from gwae_core.engine.step_batches import StepBatches
from gwae_core.engine.training_state import (
    TrainingState,
    load_objective,
    save_objective,
    snapshot,
)
from gwae_core.engine.update import Found, Update
from gwae_core.engine.validating import score, validate
from gwae_core.errors import TrainingError
from gwae_core.interfaces import Objective, Stage
from gwae_core.process_group import ProcessGroup
from gwae_core.sharding import shared_by
from gwae_core.training_config import TrainingConfig

Record = Mapping[str, Any]
"""One line about a run: ``event`` says what it is."""


class Loop:
    """A training run that can be saved after any step and continued, to the bit, by another loop.

    Args:
        objective: What is trained, in place.
        batches: Training batches.
        training: Length, optimiser and schedule.
        validation: Held-out data, or None.
        seed: Seed of all noise.
        processes: Those that train the same model together, each with a loop of its own over the
            same batches; None for one.
    """

    def __init__(
        self,
        objective: Objective,
        batches: BatchSource,
        training: TrainingConfig,
        *,
        validation: TensorBatches | None = None,
        seed: int = 0,
        processes: ProcessGroup | None = None,
    ) -> None:
        self.processes = processes
        self.fabric = build_fabric(
            training, gpu=None if processes is None else processes.local_rank
        )
        self.fabric.setup_module(objective)
        self.objective = objective
        self.source = batches
        self.training = training
        self.validation = validation
        self.seed = seed
        self.generator = torch.Generator(device=self.fabric.device).manual_seed(seed)
        self.ema = None if training.ema_decay is None else EMA(objective, training.ema_decay)
        self.position = Position()
        self.updates: list[Update] = []
        self._resumed: TrainingState | None = None

    def state(self) -> TrainingState:
        """All that another loop needs; right after a ``progress`` record, the last of each step."""
        state = TrainingState()
        state.put("position", TrainingState(values=self.position.as_values()))
        state.put("batches", TrainingState(values=dict(self.source.state())))
        state.put("objective", save_objective(self.objective))
        state.put("random", save_random_state())
        state.put("noise", TrainingState({"generator": self.generator.get_state()}))
        state.put("precision", TrainingState(values=self.fabric.strategy.precision.state_dict()))
        for update in self.updates:
            state.put(f"optimizer.{update.group.name}", update.state())
        if self.ema is not None:
            state.put("ema", TrainingState(self.ema.average, {"steps": self.ema.steps}))
        return snapshot(state)

    def load_state(self, state: TrainingState) -> None:
        """Let `run` continue from a state.

        Raises:
            TrainingError: It is the state of another model, or the objective cannot be resumed.
        """
        load_objective(self.objective, state.part("objective"))
        self.position = Position.from_values(state.part("position").values)
        self.source.load_state(state.part("batches").values)
        self.generator.set_state(state.part("noise").tensors["generator"])
        self.fabric.strategy.precision.load_state_dict(state.part("precision").values)
        if self.ema is not None:
            average = state.part("ema")
            self.ema.load(average.tensors, average.values["steps"])
        self._resumed = state

    def weights(self) -> dict[str, torch.Tensor]:
        """The state of the model that is to be evaluated: averaged weights where there are any."""
        averages = {} if self.ema is None else self.ema.averages(self.objective)
        return {**self.objective.state_dict(), **averages}

    def run(self) -> Iterator[Record]:
        """All stages that are not over yet."""
        kept = memory_kept() if self.fabric.device.type == "cpu" else nullcontext()
        with deterministic(self.training.deterministic), kept:
            yield from self._run()

    def _run(self) -> Iterator[Record]:
        at, planned, self.batches = self.position, 0, iter(self.source)
        self._equalise()
        clock = time.perf_counter()
        lengths = stage_lengths(self.objective.stages(), self.training.steps)
        for number, (stage, steps) in enumerate(lengths):
            if number >= at.stage:
                self.objective.train()
                self._build_updates(stage)
                if number > at.stage or not at.begun:
                    at.begin(number)
                    yield self._start(stage, steps)
                else:
                    self._take_up()
                for record in self._stage(stage, steps, begins=planned):
                    at.seconds, clock = _lap(at.seconds, clock)
                    yield record
            planned += steps
        if self.ema is not None:
            self.ema.apply()
        self.objective.eval()
        self.objective.progress = 1.0
        at.seconds, _ = _lap(at.seconds, clock)
        yield {"event": "end", "step": at.step, "seconds": at.seconds}

    def _start(self, stage: Stage, steps: int) -> Record:
        x = moved(Batch(self.source.all_data()), self.fabric).x
        with shared_by(self.processes):
            self.objective.start_stage(stage.name, x, generator=self.generator)
        self._equalise()
        if self.ema is not None:
            self.ema.restart()
        return {"event": "stage", "step": self.position.step, "stage": stage.name, "steps": steps}

    def _equalise(self) -> None:
        """Give every process the first one's model: machines of two kinds differ in last digits."""
        if self.processes is not None:
            self.processes.equalise(self.objective.state_dict().values())

    def _build_updates(self, stage: Stage) -> None:
        """New optimisers: a stage has another loss, and moments of the old one would mislead."""
        by_name = {group.name: group for group in self.objective.groups()}
        self.updates = [
            Update(
                by_name[name],
                self.objective,
                stage=stage.name,
                fabric=self.fabric,
                training=self.training,
            )
            for name in stage.groups
        ]

    def _take_up(self) -> None:
        """Take up what only now has its place: the optimisers and the global random states."""
        assert self._resumed is not None
        for update in self.updates:
            update.load_state(self._resumed.part(f"optimizer.{update.group.name}"))
        restore_random_state(self._resumed.part("random"))
        self._resumed = None

    def _stage(self, stage: Stage, steps: int, *, begins: int) -> Iterator[Record]:
        training, at = self.training, self.position
        clock, last_logged = time.perf_counter(), at.step
        while at.at < steps:
            share = rate(begins + at.at, training.steps, training)
            self.objective.progress = (begins + at.at) / max(training.steps - 1, 1)
            last = at.at == steps - 1
            logs = at.at % training.log_every == 0 or last
            record = self._step(share, logs=logs)
            at.step += 1
            at.at += 1
            if logs:
                now = time.perf_counter()
                speed = (at.step - last_logged) / max(now - clock, 1e-9)
                clock, last_logged = now, at.step
                yield self._train_record(stage.name, record, share * training.learning_rate, speed)
                yield from self._health(stage.name, record["observed"], at.at / steps)
            if self.validation is not None and (at.step % training.validate_every == 0 or last):
                yield self._validate(stage, self.validation)
                if training.patience is not None and at.stale >= training.patience:
                    message = f"no improvement of {training.monitor} in {at.stale} validations"
                    yield self._record("early-stop", stage.name, message=message)
                    at.at = steps
            # The last of a step: what is saved at this record is the state between two steps.
            yield self._record("progress", stage.name, terms=record["terms"])

    def _step(self, share: float, *, logs: bool) -> Found:
        """One step: every group as often as it says."""
        found: Found = {}
        batches = StepBatches(self._draw)
        for update in self.updates:
            update.set_rate(share)
            batches.forget_memos()
            for _ in range(update.group.steps):
                draw = batches.draws(update.group)
                with shared_by(self.processes):
                    more = update(
                        draw, step=self.position.step + 1, generator=self.generator, logs=logs
                    )
                for key, values in more.items():
                    found.setdefault(key, {}).update(values)
        if logs:
            self._equalise()
        if self.ema is not None:
            self.ema.update()
        return found

    def _draw(self) -> Batch:
        return moved(next(self.batches), self.fabric)

    def _validate(self, stage: Stage, held_out: TensorBatches) -> Record:
        average = nullcontext() if self.ema is None else self.ema.applied()
        with average, shared_by(self.processes):
            terms = validate(
                self.objective,
                held_out,
                group=stage.validated,
                batch_size=self.training.batch_size,
                seed=self.seed,
                fabric=self.fabric,
            )
        if self.processes is not None:
            terms = self.processes.same(terms)
        value = score(self.objective, terms, self.training.monitor)
        best = self.position.judge(value)
        return self._record(
            "validation",
            stage.name,
            terms=terms,
            total=sum(terms.values()),
            monitor=value,
            best=best,
        )

    def _record(self, event: str, stage: str, **more: object) -> Record:
        return {"event": event, "step": self.position.step, "stage": stage, **more}

    def _train_record(
        self, stage: str, record: Found, learning_rate: float, speed: float
    ) -> Record:
        return self._record(
            "train",
            stage,
            terms=record["terms"],
            total=sum(record["terms"].values()),
            gradient_norm=record["gradient_norm"],
            total_gradient_norm=record["total_gradient_norm"],
            observed=record["observed"],
            learning_rate=learning_rate,
            steps_per_second=speed,
        )

    def _health(
        self, stage: str, observed: Mapping[str, float], progress: float
    ) -> Iterator[Record]:
        latent_dim = self.objective.latent_dim if isinstance(self.objective, Autoencoder) else None
        for symptom in examine(observed, progress=progress, latent_dim=latent_dim):
            if symptom.name not in self.position.warned:
                self.position.warned.append(symptom.name)
                yield self._record("warning", stage, message=symptom.message, remedy=symptom.remedy)
        scale = observed.get("posterior_scale", 0.0)
        if scale > HOPELESS_SCALE:
            raise TrainingError(
                f"the posterior exploded at step {self.position.step}: root mean square "
                f"{scale:.3g}",
                hint="lower training.learning_rate or weights.entropy, or set "
                "training.gradient_clip",
            )


def _lap(seconds: float, since: float) -> tuple[float, float]:
    """Seconds with those since a moment, and the present moment."""
    now = time.perf_counter()
    return seconds + now - since, now

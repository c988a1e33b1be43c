"""The training of a run: records, weights and states are saved while it goes on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from gwae_core.checkpoints import load_state, read_checkpoint, save_checkpoint
from gwae_core.config import RunConfig
from gwae_core.engine import BatchSource, Loop, NotFiniteError, Record, seeded
from gwae_core.errors import GWAEError, RunFolderError, RunInterrupted, TrainingError
from gwae_core.files import write_npz
from gwae_core.interfaces import Objective
from gwae_core.interruption import StopRequest, watch_for_stop
from gwae_core.process_group import ProcessGroup
from gwae_core.resuming import how_to_resume
from gwae_core.run_data import validation_batches
from gwae_core.run_folder import RunFolder
from gwae_core.saved_states import newest_state, save_state
from gwae_core.splits import Splits

Observer = Callable[[Record], None]


class RunTraining:
    """Trains an objective and saves all that is needed to use it, and to go on after a crash.

    Args:
        config: The run.
        objective: What is trained.
        batches: Training batches.
        splits: All data.
        folder: Where all is saved.
        log: Takes each record that belongs to the run, after it was saved.
        observe: Takes every record, those of single steps and of this session alone too.
        processes: Those that train with this one, which is the first of them; None for one alone.
    """

    loop: Loop
    saved: tuple[Path, int] | None = None
    """The last state that was saved, and its step."""

    def __init__(
        self,
        config: RunConfig,
        objective: Objective,
        batches: BatchSource,
        splits: Splits,
        folder: RunFolder,
        *,
        log: Observer,
        observe: Observer,
        processes: ProcessGroup | None = None,
    ) -> None:
        self.processes = processes
        self.training = config.training
        self.objective, self.folder = objective, folder
        self.log, self.observe = log, observe
        self.batches, self.seed = batches, config.seed
        self.validation = validation_batches(splits)
        self.opening: Record = {
            "event": "start",
            "step": 0,
            "steps": self.training.steps,
            "stages": [stage.name for stage in objective.stages()],
            "train": len(splits.train.x),
            "validation": len(splits.validation.x),
            "test": len(splits.test.x),
            "parameters": sum(p.numel() for p in objective.parameters()),
        }

    def run(self, *, resume: bool) -> float:
        """Train to the end, from the last saved state if asked to; returns seconds.

        Raises:
            RunInterrupted: A signal asked to stop; a state was saved.
            NotFiniteError: A term is NaN or infinite; its batch was saved.
            TrainingError: The posterior exploded beyond recovery.
            RunFolderError: Something cannot be written, or no state can be read.
        """
        seconds, began, validated = 0.0, resume, False
        with seeded(self.seed), watch_for_stop() as stop:
            try:
                self._open(resume)
                for record in self.loop.run():
                    self._tell(record)
                    match record["event"]:
                        case "validation":
                            validated = True
                            if record["best"]:
                                self._save_weights("best", record)
                        case "progress":
                            began = True
                            self._save(record, stop=stop, validated=validated)
                            validated = False
                        case "end":
                            self._save_weights("last", record)
                            seconds = float(record["seconds"])
            except NotFiniteError as error:
                self._save_failure(error)
                self._name_checkpoint(error)
                raise
            except GWAEError as error:
                # What cannot even begin leaves nothing behind, so that it can be mended and tried
                # again.
                if not began:
                    self.folder.discard()
                elif isinstance(error, TrainingError | RunFolderError):
                    self._name_checkpoint(error)
                raise
        best = self.folder.checkpoint("best")
        if self.training.select == "best" and best.is_file():
            load_state(self.objective, read_checkpoint(best)[0], best)
        return seconds

    def _open(self, resume: bool) -> None:
        """Begin, or go on from the newest state; of the records, those until then are kept."""
        self.loop = Loop(
            self.objective,
            self.batches,
            self.training,
            validation=self.validation,
            seed=self.seed,
            processes=self.processes,
        )
        saved = newest_state(self.folder.checkpoints) if resume else None
        if self.processes is not None:
            self.processes.same(None if saved is None else saved.state)
        if saved is None:
            if resume:
                self.folder.cut_records(0)
            self._tell(self.opening)
            if resume:
                stage = self.opening["stages"][0]
                self._resumed(0, stage, "as no training state was saved: from the beginning")
            return
        self.folder.cut_records(saved.records)
        self.loop.load_state(saved.state)
        self.saved = saved.path, saved.step
        self.observe(self.opening)
        for sentence in saved.damaged:
            self.observe(
                {
                    "event": "warning",
                    "step": saved.step,
                    "stage": "",
                    "message": sentence,
                    "remedy": f"the run goes on from the state before it, of step {saved.step}",
                }
            )
        stage = self.opening["stages"][self.loop.position.stage]
        self._resumed(saved.step, stage, f"from {saved.path}")

    def _resumed(self, step: int, stage: str, message: str) -> None:
        self.observe({"event": "resume", "step": step, "stage": stage, "message": message})

    def _tell(self, record: Record) -> None:
        if record["event"] != "progress":
            self.folder.append_record(record)
            self.log(record)
        self.observe(record)

    def _save(self, record: Record, *, stop: StopRequest, validated: bool) -> None:
        """After a step, save what is due."""
        training, step = self.training, int(record["step"])
        asked = stop.agreed(self.processes)
        due = asked or step == training.steps or step % training.checkpoint_every == 0
        if due or validated or step % training.validate_every == 0:
            self._save_weights("last", record)
        if due:
            path = save_state(
                self.folder.checkpoints,
                self.loop.state(),
                step=step,
                records=self.folder.records_size(),
            )
            self.saved = path, step
        if asked:
            raise RunInterrupted(
                f"stopped after step {step} of {training.steps}, and saved the state",
                hint=how_to_resume(self.folder),
                exit_code=stop.exit_code,
            )

    def _save_weights(self, name: str, record: Mapping[str, Any]) -> None:
        about = {"step": record["step"], "stage": record.get("stage", "")}
        save_checkpoint(self.folder.checkpoint(name), self.loop.weights(), about)

    def _save_failure(self, error: NotFiniteError) -> None:
        self._tell(
            {"event": "failure", "step": error.step, "stage": error.stage, "term": error.term}
        )
        arrays = {"x": error.batch.x.detach().cpu().numpy()}
        if error.batch.index is not None:
            arrays["index"] = error.batch.index.cpu().numpy()
        path = self.folder.path / "failure" / f"batch-step-{error.step}.npz"
        write_npz(path, arrays)
        error.message += f"; its batch is in {path}"

    def _name_checkpoint(self, error: GWAEError) -> None:
        """Say in an error what was saved before it."""
        if (last := self.folder.checkpoint("last")).is_file():
            error.message += f", the last good checkpoint in {last}"
        if self.saved is not None and not isinstance(error, NotFiniteError):
            error.message += f"; the training state of step {self.saved[1]} is kept for --resume"

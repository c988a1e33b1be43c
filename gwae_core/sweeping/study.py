"""The study: trials in Optuna's storage, each claimed by one living worker at a time."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gwae_core.errors import ConfigError, RunFolderError
from gwae_core.resuming import differences
from gwae_core.run_lock import locked
from gwae_core.sweeping.claim import ClaimedTrial, is_alive_elsewhere
from gwae_core.sweeping.config import Range, SweepConfig
from gwae_core.sweeping.folder import marker, opening
from gwae_core.sweeping.results import State, SweepResult, TrialResult
from gwae_core.sweeping.space import Space, label

if TYPE_CHECKING:
    import optuna
    from optuna.trial import FrozenTrial

DATABASE = "sweep.db"
MAY_CHANGE = ("trials", "storage")
"""Fields that may differ between two commands of one sweep."""


class Study:
    """Trials of a sweep, of which each is carried out once however many workers there are.

    A trial belongs to the process that holds the lock of its folder, which the system frees when
    that process ends in any way. So a trial that its worker left behind is recognised at once, and
    keeps its number, its values and its folder. Workers share the folder of the sweep.

    Args:
        config: The sweep.
        folder: Its folder.
    """

    def __init__(self, config: SweepConfig, folder: Path) -> None:
        self.optuna = optuna_module()
        self.config, self.folder, self.space = config, folder, Space(config)
        self.count = self.space.trials()
        self.direction = self.space.direction()
        with opening(folder):
            mark = marker(folder)
            self.storage = self._storage()
            try:
                self.study = self.optuna.create_study(
                    storage=self.storage,
                    study_name="sweep" if config.storage is None else folder.resolve().name,
                    direction=self.direction,
                    pruner=self._pruner(),
                    load_if_exists=True,
                )
                self._refuse_another(mark)
                grid = self.space.grid() if config.search == "grid" else None
                for k in range(len(self.study.get_trials(deepcopy=False)), self.count):
                    self.study.enqueue_trial({} if grid is None else grid[k])
            except BaseException:
                self.close()
                raise
        self._id = self.storage.get_study_id_from_name(self.study.study_name)

    def close(self) -> None:
        """Close the connection to the storage."""
        self.storage.remove_session()
        self.storage.engine.dispose()

    @contextmanager
    def claim(self) -> Iterator[ClaimedTrial | None]:
        """Hold the next trial that nobody works on, those first that were left behind; or None."""
        with ExitStack() as held:
            trial = self._next(held)
            try:
                yield trial
            finally:
                if trial is not None:
                    trial.let_go()

    def results(self) -> SweepResult:
        """All trials as they are."""
        found = self.storage.get_all_trials(self._id)
        trials = tuple(self._result(one) for one in found if one.number < self.count)
        return SweepResult(self.folder, self.config.metric, self.direction, trials)

    def _next(self, held: ExitStack) -> ClaimedTrial | None:
        states = self.optuna.trial.TrialState
        open_ones = self.storage.get_all_trials(
            self._id, deepcopy=False, states=(states.RUNNING, states.WAITING)
        )
        for one in sorted(open_ones, key=lambda one: (one.state == states.WAITING, one.number)):
            if one.number >= self.count:
                continue
            path = self.folder / f"trial-{one.number}"
            with ExitStack() as tried:
                try:
                    path.mkdir(exist_ok=True)
                    tried.enter_context(locked(path))
                except RunFolderError:
                    continue  # somebody works on it
                except OSError as error:
                    raise RunFolderError(f"cannot make {path}: {error.strerror}") from error
                trial_id = self.storage.get_trial_id_from_study_id_trial_number(
                    self._id, one.number
                )
                # Others may have carried it out since the list was made.
                present = self.storage.get_trial(trial_id)
                if present.state.is_finished() or is_alive_elsewhere(present):
                    continue
                if present.state == states.WAITING:
                    self.storage.set_trial_state_values(trial_id, states.RUNNING)
                held.push(tried.pop_all())
                return ClaimedTrial(self, one.number, trial_id, path)
        return None

    def suggest(self, trial_id: int, number: int) -> dict[str, Any]:
        """Values of a trial; the sampler is seeded by its number, whoever carries it out."""
        self.study.sampler = self._sampler(number)
        trial = self.optuna.trial.Trial(self.study, trial_id)
        found: dict[str, Any] = {}
        for k, (path, choice) in enumerate(self.space.choices.items()):
            if self.config.search == "random":
                # The same value, even if the values before were drawn by a worker that is gone.
                self.study.sampler = self._sampler(number, k)
            if not isinstance(choice, Range):
                found[path] = trial.suggest_categorical(path, [label(one) for one in choice])
            elif self.config.search == "grid":
                found[path] = trial.suggest_categorical(path, list(choice.values() or ()))
            elif choice.integer:
                low, high, step = int(choice.low), int(choice.highest()), int(choice.step or 1)
                found[path] = trial.suggest_int(path, low, high, step=step, log=choice.log)
            else:
                found[path] = trial.suggest_float(
                    path, choice.low, choice.highest(), step=choice.step, log=choice.log
                )
        return found

    def _sampler(self, *position: int) -> optuna.samplers.BaseSampler:
        from optuna import samplers

        entropy = np.random.SeedSequence([self.config.seed, *position])
        seed = int(entropy.generate_state(1)[0])
        if self.config.search == "tpe":
            # Trials that others are busy with count as bad ones, so that workers spread.
            return samplers.TPESampler(
                n_startup_trials=self.config.startup_trials, seed=seed, constant_liar=True
            )
        return samplers.RandomSampler(seed=seed)

    def _pruner(self) -> optuna.pruners.BasePruner:
        from optuna import pruners

        asked = self.config.pruning
        if asked is None:
            return pruners.NopPruner()
        if asked.type == "median":
            return pruners.MedianPruner(
                n_startup_trials=asked.startup_trials, n_warmup_steps=asked.warmup_steps
            )
        return pruners.SuccessiveHalvingPruner(
            min_resource=asked.warmup_steps or "auto", reduction_factor=asked.reduction
        )

    def _storage(self) -> optuna.storages.RDBStorage:
        from optuna.storages import RDBStorage

        url, options = self.config.storage, dict[str, Any](pool_pre_ping=True)
        if url is None:
            url = f"sqlite:///{(self.folder / DATABASE).resolve()}"
        if url.startswith("sqlite"):
            # The time that a worker waits until another has written.
            options["connect_args"] = {"timeout": 60}
        try:
            return RDBStorage(url, engine_kwargs=options)
        # Drivers of databases fail each in its own way.
        except Exception as error:
            # It may quote the URL, which may hold a password.
            text = str(error).partition("\n")[0].replace(url, "the URL")
            reason = f"{type(error).__name__}: {text}"
            raise ConfigError(
                f"the storage of the sweep cannot be opened: {reason}",
                hint="a URL such as postgresql+psycopg://user@host/database, whose driver is "
                "installed; without one, a file in the folder is taken",
            ) from error

    def _refuse_another(self, mark: str) -> None:
        """Refuse a storage or folder of another sweep, and note what this one is.

        Raises:
            RunFolderError: It names the fields that differ.
        """
        known = self.study.user_attrs
        dumped = self.config.model_dump(mode="json", exclude=set(MAY_CHANGE))
        settings = json.loads(json.dumps(dumped))
        if "settings" not in known:
            self.study.set_user_attr("settings", settings)
            self.study.set_user_attr("folder", mark)
            return
        if known.get("folder") != mark:
            raise RunFolderError(
                f"the storage has a sweep {self.study.study_name!r} of another folder",
                hint="workers of one sweep share one folder; give another sweep a folder of "
                "another name",
            )
        changed = [path for path, *_ in differences(known["settings"], settings)]
        if changed:
            raise RunFolderError(
                f"{self.folder} holds another sweep, with other {', '.join(changed[:5])}",
                hint=f"choose another folder with --out; only {' and '.join(MAY_CHANGE)} may "
                "change",
            )

    def _result(self, one: FrozenTrial) -> TrialResult:
        names: dict[str, State] = {
            "COMPLETE": "finished",
            "PRUNED": "pruned",
            "FAIL": "failed",
            "RUNNING": "running",
            "WAITING": "waiting",
        }
        state = names[one.state.name]
        return TrialResult(
            one.number,
            state,
            one.value if state == "finished" else None,
            dict(one.params),
            self.folder / f"trial-{one.number}",
            one.user_attrs.get("error"),
            bool(one.user_attrs.get("bug", False)),
        )


def optuna_module() -> Any:
    """Optuna, which is imported for sweeps alone.

    Raises:
        ConfigError: It is not installed.
    """
    try:
        import optuna
    except ImportError as error:
        raise ConfigError(
            f"a sweep needs optuna, which cannot be imported: {error}",
            hint='pip install "gwae-core[sweep]"',
        ) from error
    optuna.logging.set_verbosity(logging.WARNING)
    return optuna

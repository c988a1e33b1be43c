"""One configuration over several seeds: each in a run folder of its own, none trained twice."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gwae_core.config import RunConfig, read_text
from gwae_core.errors import ConfigError, RunFolderError
from gwae_core.resuming import differences, is_finished
from gwae_core.run_folder import RunFolder
from gwae_core.yaml import parse_yaml

MOST = 1000
"""Seeds of one command at most."""

State = Literal["new", "unfinished", "finished"]
Status = Literal["trained", "finished before", "failed"]


@dataclass(frozen=True)
class SeedRun:
    """What came of a seed.

    Attributes:
        seed: The seed.
        folder: Its run folder.
        status: Whether it was trained, was there already, or failed.
        error: What it failed with.
    """

    seed: int
    folder: Path
    status: Status
    error: Exception | None = None


def parse_seeds(text: str) -> tuple[int, ...]:
    """Seeds such as ``0-4`` or ``0,1,7``, each once.

    Raises:
        ConfigError: The text says no seeds, or more than `MOST`.
    """
    seeds: dict[int, None] = {}
    for part in text.split(","):
        match = re.fullmatch(r"\s*([0-9]{1,18})(?:\s*-\s*([0-9]{1,18}))?\s*", part)
        if match is None:
            raise ConfigError(f"seeds are numbers and ranges such as 0-4 or 0,1,7; got {text!r}")
        first = int(match[1])
        last = first if match[2] is None else int(match[2])
        if not first <= last:
            raise ConfigError(f"a range of seeds begins with the smaller one; got {part.strip()!r}")
        if last - first >= MOST or len(seeds) > MOST:
            raise ConfigError(f"{text!r} are more than {MOST} seeds")
        seeds |= dict.fromkeys(range(first, last + 1))
    return tuple(seeds)


def run_seeds(
    config: RunConfig,
    seeds: Sequence[int],
    *,
    out: Path,
    train: Callable[[RunConfig, Path, bool], object],
) -> Iterator[SeedRun]:
    """Train a configuration with each seed, in ``out/seed-N``.

    A seed whose run is finished is not repeated; one that failed keeps no other from its turn.

    Args:
        config: The run; its own seed does not count.
        seeds: The seeds.
        out: The folder of the run folders.
        train: Trains a configuration in a folder; true where an unfinished run of it is there.

    Yields:
        What came of each seed, as soon as it is known.

    Raises:
        RunFolderError: A folder holds something else, such as a run of another configuration; then
            nothing is trained.
    """
    planned = [
        (seed, config.model_copy(update={"seed": seed}), out / f"seed-{seed}") for seed in seeds
    ]
    states = {seed: state_of(one, folder) for seed, one, folder in planned}
    for seed, one, folder in planned:
        if states[seed] == "finished":
            yield SeedRun(seed, folder, "finished before")
            continue
        try:
            train(one, folder, states[seed] == "unfinished")
        except Exception as error:
            yield SeedRun(seed, folder, "failed", error)
        else:
            yield SeedRun(seed, folder, "trained")


def state_of(config: RunConfig, path: Path) -> State:
    """Whether a folder holds the run of a configuration, to its end or not, or nothing.

    Raises:
        RunFolderError: It holds something else, or a run that is damaged.
    """
    if not path.exists() or (path.is_dir() and not any(path.iterdir())):
        return "new"
    folder = RunFolder.open(path)
    stored = parse_yaml(read_text(folder.config), source=str(folder.config))
    asked = parse_yaml(config.to_yaml(), source="the configuration")
    if changed := [path for path, *_ in differences(stored, asked)]:
        raise RunFolderError(
            f"{path} holds a run of another configuration, with other {', '.join(changed[:5])}",
            hint="choose another folder with --out",
        )
    return "finished" if is_finished(folder) else "unfinished"

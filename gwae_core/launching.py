"""The processes of a run: those that it starts on its own host, or those that torchrun started.

The first process leads: it alone writes, prints and evaluates. The others follow for as long as the
training lasts; they print nothing, and hand their errors to the first.
"""

from __future__ import annotations

import json
import os
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch.distributed.rendezvous import rendezvous

from gwae_core.child_processes import FAREWELL, LEASHED, ChildProcesses, end_with_the_parent
from gwae_core.engine.devices import build_fabric
from gwae_core.errors import ConfigError, GWAEError, TrainingError
from gwae_core.process_group import ProcessGroup
from gwae_core.training_config import TrainingConfig

PLACE = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
"""Variables by which torchrun tells a process its place; those started here are told likewise."""
TIMEOUT = timedelta(minutes=30)
"""How long a process waits for the others, where nothing tells that they are gone."""
POLL = 0.05
"""Seconds between two looks at what another process does."""
JOINED, FAILURE, DONE = "gwae/joined", "gwae/failure", "gwae/done"
"""Keys of the store that all processes see."""


def started_elsewhere() -> bool:
    """Whether something else started this process as one of several."""
    return all(name in os.environ for name in PLACE)


def follows() -> bool:
    """Whether this process is one of several, and not the first."""
    return started_elsewhere() and int(os.environ["RANK"]) > 0


def number_of_processes(training: TrainingConfig, devices: int) -> int:
    """How many processes a run has: those that torchrun started, or as many as it asks for.

    Raises:
        ConfigError: They cannot be had here, or not with this configuration.
    """
    size, local = devices, devices
    if started_elsewhere():
        size = int(os.environ["WORLD_SIZE"])
        local = int(os.environ.get("LOCAL_WORLD_SIZE", size))
        if devices not in (1, size):
            raise ConfigError(
                f"{devices} devices are asked for, and {size} processes were started",
                hint="leave --devices to torchrun's --nproc-per-node",
            )
    if size < 1:
        raise ConfigError(f"a run needs at least 1 device, got {size}")
    if size > training.batch_size:
        raise ConfigError(
            f"training.batch_size {training.batch_size} is less than the {size} processes that "
            "share it: it counts the points of all of them",
            hint=f"set training.batch_size to {size} or more, or take fewer processes",
        )
    if size > 1:
        _require_devices(training, local)
    return size


def _require_devices(training: TrainingConfig, local: int) -> None:
    device = build_fabric(training).device.type
    if device not in ("cpu", "cuda"):
        raise ConfigError(f"several processes need CPUs or CUDA GPUs, not {device}")
    if device == "cuda" and torch.cuda.device_count() < local:
        raise ConfigError(
            f"{local} devices are asked for, and this host has {torch.cuda.device_count()} GPUs",
            hint="ask for as many as there are, or set training.accelerator to cpu",
        )


@contextmanager
def joined(training: TrainingConfig, size: int) -> Iterator[ProcessGroup | None]:
    """Join the processes of a run, having started them where nobody did; None for one alone.

    What goes wrong inside of the block in a process that follows is raised in the first; the
    others end quietly, with the block.

    Raises:
        ConfigError: Processes are to be started by something that is no file to start again.
        TrainingError: Another process failed or was killed.
        RuntimeError: Another process met a bug; its traceback is in the message.
    """
    if size == 1:
        yield None
        return
    threads = torch.get_num_threads()
    if training.threads is None and "OMP_NUM_THREADS" not in os.environ:
        local = int(os.environ.get("LOCAL_WORLD_SIZE", size))
        torch.set_num_threads(max(threads // local, 1))
    try:
        if follows():
            yield from _following(training)
        else:
            yield from _leading(training, size)
    finally:
        torch.set_num_threads(threads)


def _leading(training: TrainingConfig, size: int) -> Iterator[ProcessGroup]:
    children = ChildProcesses()
    store: Any
    if started_elsewhere():
        store, *_ = next(rendezvous("env://", timeout=TIMEOUT))
    else:
        store = dist.TCPStore(  # type: ignore[attr-defined]
            "127.0.0.1", 0, size, True, TIMEOUT, wait_for_workers=False
        )
        children.start(size, port=store.port)

    def explain(error: RuntimeError) -> Exception:
        """Why the connection broke; whoever broke it may need a moment to say so."""
        until = time.monotonic() + FAREWELL
        while time.monotonic() < until:
            if store.check([FAILURE]):
                return _failure(json.loads(store.get(FAILURE)))
            if lost := children.lost():
                return lost
            time.sleep(POLL)
        return TrainingError(f"the connection to another process broke: {error}")

    try:
        while children.started and store.add(JOINED, 0) < size - 1:
            if lost := children.lost():
                raise lost
            time.sleep(POLL)
        yield _connected(training, store, 0, size, explain)
    except BaseException:
        children.kill()
        raise
    finally:
        store.set(DONE, "")
        _disconnect()
        children.wait()


def _following(training: TrainingConfig) -> Iterator[ProcessGroup]:
    if LEASHED in os.environ:
        threading.Thread(target=end_with_the_parent, daemon=True).start()
    store, rank, size = next(rendezvous("env://", timeout=TIMEOUT))

    def explain(error: RuntimeError) -> Exception:
        return Abandoned(str(error))

    try:
        store.add(JOINED, 1)
        yield _connected(training, store, rank, size, explain)
        store.wait([DONE], TIMEOUT)
    except Abandoned:
        pass
    except BaseException as error:
        # Without the first process there is nobody to tell.
        with suppress(RuntimeError):
            store.set(FAILURE, json.dumps(_told(error, rank)))
    finally:
        _disconnect()
    raise SystemExit(0)


class Abandoned(Exception):
    """A process that follows lost the others: it has nothing to say about it."""


def _connected(
    training: TrainingConfig,
    store: Any,
    rank: int,
    size: int,
    explain: Callable[[RuntimeError], Exception],
) -> ProcessGroup:
    local_rank = int(os.environ.get("LOCAL_RANK", 0))
    device = build_fabric(training, gpu=local_rank).device
    if device.type == "cuda":
        torch.cuda.set_device(device)
    # what is no tensor of a GPU travels beside it
    backend = "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo"
    try:
        dist.init_process_group(backend, store=store, rank=rank, world_size=size, timeout=TIMEOUT)
    except RuntimeError as error:
        raise explain(error) from None
    return ProcessGroup(rank, size, local_rank, explain)


def _disconnect() -> None:
    if dist.is_initialized():
        with suppress(RuntimeError):
            dist.destroy_process_group()


def _told(error: BaseException, rank: int) -> Mapping[str, object]:
    """An error as another process can raise it."""
    if isinstance(error, GWAEError):
        return {"rank": rank, "message": error.message, "hint": error.hint}
    return {"rank": rank, "traceback": "".join(traceback.format_exception(error))}


def _failure(told: Mapping[str, str]) -> Exception:
    if "traceback" in told:
        return RuntimeError(f"process {told['rank']} failed:\n{told['traceback']}")
    return TrainingError(f"process {told['rank']}: {told['message']}", hint=told["hint"])

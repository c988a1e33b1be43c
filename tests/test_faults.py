"""What can go wrong while a run goes on: each ends in a clear error, and nothing good is lost."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from gwae_core import RunConfig, load, run
from gwae_core.builtin.objectives import GWAE
from gwae_core.context import Batch
from gwae_core.engine import NotFiniteError
from gwae_core.errors import ConfigError, DataError, RunFolderError, RunInterrupted
from gwae_core.interfaces import Losses
from gwae_core.run_lock import NAME as LOCK
from gwae_core.run_lock import locked
from gwae_core.saved_states import newest_state, state_files

DATA = np.random.default_rng(0).normal(size=(60, 5)).astype(np.float32)


def config(**training: Any) -> RunConfig:
    """A tiny run of one stage."""
    return RunConfig.from_mapping(
        {
            "latent_dim": 2,
            "encoder": {"type": "mlp", "hidden": [6]},
            "decoder": {"type": "mlp", "hidden": [6]},
            "prior": "normal",
            "metrics": [],
            "training": {
                "steps": 16,
                "batch_size": 8,
                "validate_every": 5,
                "log_every": 4,
                "checkpoint_every": 4,
                **training,
            },
        }
    )


def at_step(step: int, what: Callable[[], object]) -> Callable[[Mapping[str, Any]], None]:
    """An observer that does something after a step."""

    def observe(record: Mapping[str, Any]) -> None:
        if record["event"] == "progress" and record["step"] == step:
            what()

    return observe


def stop() -> None:
    raise RuntimeError("stop")


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """The folder of a run that ended after 10 of 16 steps."""
    out = tmp_path / "run"
    with pytest.raises(RuntimeError, match="stop"):
        run(config(), out=out, report=False, data=DATA, observe=at_step(10, stop))
    return out


def resume(out: Path, **training: Any) -> list[Mapping[str, Any]]:
    """Resume, and return what was observed."""
    seen: list[Mapping[str, Any]] = []
    run(config(**training), out=out, report=False, data=DATA, resume=True, observe=seen.append)
    return seen


def weights(out: Path) -> dict[str, torch.Tensor]:
    return load_file(out / "checkpoints/last.safetensors")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, torch.Tensor]:
    """Weights of an uninterrupted run."""
    out = tmp_path_factory.mktemp("whole") / "run"
    run(config(), out=out, report=False, data=DATA)
    return weights(out)


def assert_equal(one: dict[str, torch.Tensor], two: dict[str, torch.Tensor]) -> None:
    assert one.keys() == two.keys()
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_the_last_two_states_are_kept_until_the_run_is_finished(broken: Path) -> None:
    states = state_files(broken / "checkpoints")
    assert [path.stem for path in states] == ["state-000000008", "state-000000004"]
    resume(broken)
    assert not state_files(broken / "checkpoints")


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))


def lie(path: Path) -> None:
    content = path.read_bytes()
    told = content.replace(b'step\\": 8', b'step\\": 9', 1)
    assert told != content
    path.write_bytes(told)


@pytest.mark.parametrize(
    "damage",
    [truncate, flip, lie, lambda p: p.write_bytes(b""), lambda p: p.write_text("no tensors")],
    ids=["truncated", "a flipped bit", "another step", "empty", "text"],
)
def test_a_damaged_state_falls_back_to_the_one_before_it(
    damage: Callable[[Path], object], broken: Path, whole: dict[str, torch.Tensor]
) -> None:
    damage(broken / "checkpoints/state-000000008.safetensors")
    seen = resume(broken)
    (warning,) = [r for r in seen if r["event"] == "warning" and "damaged" in r["message"]]
    assert "state-000000008.safetensors" in warning["message"]
    assert "step 4" in warning["remedy"]
    assert [r["step"] for r in seen if r["event"] == "resume"] == [4]
    assert_equal(weights(broken), whole)


def test_where_every_state_is_damaged_nothing_is_overwritten(broken: Path) -> None:
    for path in state_files(broken / "checkpoints"):
        truncate(path)
    before = (broken / "metrics.jsonl").read_bytes()
    with pytest.raises(RunFolderError, match=r"no training state can be read.*000008.*000004"):
        resume(broken)
    assert (broken / "metrics.jsonl").read_bytes() == before
    assert load(broken).sample(2).shape == (2, 5)


def test_lost_records_are_noticed(broken: Path) -> None:
    (broken / "metrics.jsonl").write_text("")
    with pytest.raises(RunFolderError, match="records are lost"):
        resume(broken)


def test_a_state_of_another_model_is_refused(broken: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    changed = config().model_copy(update={"latent_dim": 3})
    with pytest.raises(RuntimeError, match="stop"):
        run(changed, out=other, report=False, data=DATA, observe=at_step(10, stop))
    for path in state_files(other / "checkpoints"):
        (broken / "checkpoints" / path.name).write_bytes(path.read_bytes())
    with pytest.raises(Exception, match="of another model"):
        resume(broken)


def test_a_changed_configuration_is_refused_with_both_values(broken: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        resume(broken, steps=20, learning_rate=0.5)
    assert "training.steps: 16 in the run, 20 now" in caught.value.message
    assert "training.learning_rate: 0.001 in the run, 0.5 now" in caught.value.message
    assert "checkpoint_every" in str(caught.value.hint)
    changed = config().model_copy(update={"prior": RunConfig.from_mapping({}).prior})
    with pytest.raises(ConfigError, match=r"prior\.type: 'normal' in the run, 'gaussian-mixture'"):
        run(changed, out=broken, report=False, data=DATA, resume=True)


def test_fields_without_a_say_in_the_weights_may_change(
    broken: Path, whole: dict[str, torch.Tensor]
) -> None:
    resume(broken, checkpoint_every=3)
    assert_equal(weights(broken), whole)
    assert RunConfig.from_file(broken / "config.yaml").training.checkpoint_every == 3


def test_other_data_are_refused(broken: Path) -> None:
    with pytest.raises(DataError, match="differ from those"):
        run(config(), out=broken, report=False, data=DATA + 1, resume=True)


def test_a_finished_run_is_left_as_it_is(tmp_path: Path) -> None:
    out = tmp_path / "run"
    first = run(config(), out=out, report=False, data=DATA)
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    seen: list[Mapping[str, Any]] = []
    again = run(config(), out=out, report=False, data=DATA, resume=True, observe=seen.append)
    assert [record["event"] for record in seen] == ["finished"]
    assert again.metrics == first.metrics
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before


def test_resuming_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="none was given"):
        run(config(), report=False, data=DATA, resume=True)
    with pytest.raises(RunFolderError, match="no run folder"):
        run(config(), out=tmp_path / "none", report=False, data=DATA, resume=True)
    assert not (tmp_path / "none").exists()


def test_a_folder_in_use_is_refused_with_its_process(broken: Path) -> None:
    ready, done = threading.Event(), threading.Event()

    def hold() -> None:
        with locked(broken):
            ready.set()
            done.wait(30)

    holder = threading.Thread(target=hold)
    holder.start()
    ready.wait(30)
    try:
        for again in (True, False):
            with pytest.raises(RunFolderError, match=rf"in use by process {os.getpid()} on \S+ "):
                run(config(), out=broken, report=False, data=DATA, resume=again)
    finally:
        done.set()
        holder.join()
    assert not (broken / LOCK).exists()


def test_a_lock_left_behind_is_taken_over_and_said(
    broken: Path, whole: dict[str, torch.Tensor]
) -> None:
    left = {"pid": 12345, "host": "elsewhere", "since": "2020-01-01"}
    (broken / LOCK).write_text(json.dumps(left))
    seen = resume(broken)
    (warning,) = [r for r in seen if r["event"] == "warning" and "taken over" in r["message"]]
    assert "process 12345 on elsewhere" in warning["message"]
    assert_equal(weights(broken), whole)


def test_a_folder_that_holds_only_a_left_lock_is_new(tmp_path: Path) -> None:
    out = tmp_path / "run"
    out.mkdir()
    (out / LOCK).write_text("")
    run(config(), out=out, report=False, data=DATA)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_between_two_steps(
    number: signal.Signals, tmp_path: Path, whole: dict[str, torch.Tensor]
) -> None:
    out = tmp_path / "run"
    before = signal.getsignal(number)
    kill = at_step(6, lambda: os.kill(os.getpid(), number))
    with pytest.raises(RunInterrupted, match="stopped after step 6 of 16") as caught:
        run(config(), out=out, report=False, data=DATA, observe=kill)
    assert caught.value.exit_code == 128 + number
    assert f"--out {out} --resume" in caught.value.hint
    assert signal.getsignal(number) == before
    saved = newest_state(out / "checkpoints")
    assert saved is not None and saved.step == 6
    assert isinstance(caught.value, KeyboardInterrupt)  # what notebooks and callers expect
    resume(out)
    assert_equal(weights(out), whole)


def test_a_second_signal_stops_at_once_and_still_says_how_to_resume(tmp_path: Path) -> None:
    def twice() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(RunInterrupted, match="is not finished") as caught:
        run(config(), out=tmp_path / "run", report=False, data=DATA, observe=at_step(6, twice))
    assert "--resume" in caught.value.hint


def test_ctrl_c_on_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(
        textwrap.dedent(
            """
            encoder: {type: mlp, hidden: [8]}
            decoder: {type: mlp, hidden: [8]}
            prior: normal
            training: {steps: 100000, batch_size: 16, validate_every: 5, threads: 1}
            """
        )
    )
    program = "from gwae_core.cli import main; main()"
    command = [sys.executable, "-c", program, "train", "c.yaml", "--out", "run"]
    process = subprocess.Popen(
        command, cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        last = tmp_path / "run" / "checkpoints" / "last.safetensors"
        for _ in range(600):
            if last.exists() or process.poll() is not None:
                break
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 130
    assert "interrupted: stopped after step" in errors
    assert "hint: continue with: gwae train run/config.yaml --out run --resume" in errors
    assert "Traceback" not in errors
    assert newest_state(tmp_path / "run" / "checkpoints") is not None


def injections() -> Iterator[tuple[str, float, int]]:
    rng = random.Random(3)
    for term in ("reconstruction", "gw", "divergence", "entropy"):
        for value in (float("nan"), float("inf"), -float("inf")):
            yield term, value, rng.randrange(6, 16)


@pytest.mark.parametrize(("term", "value", "step"), list(injections()))
def test_a_term_that_is_not_finite_is_saved_with_its_batch(
    term: str, value: float, step: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    original = GWAE.losses

    def inject(self: GWAE, group: str, batch: Batch, *, generator: torch.Generator) -> Losses:
        losses = original(self, group, batch, generator=generator)
        if not self.training:
            return losses
        calls.append(batch)
        if len(calls) < step:
            return losses
        return Losses({**losses.terms, term: losses.terms[term] + value}, losses.observed)

    monkeypatch.setattr(GWAE, "losses", inject)
    out = tmp_path / "run"
    with pytest.raises(NotFiniteError, match=f"'{term}' is not finite at step {step}") as caught:
        run(config(), out=out, report=False, data=DATA)
    message = caught.value.message
    batch = out / "failure" / f"batch-step-{step}.npz"
    assert str(batch) in message
    with np.load(batch) as saved:
        assert np.array_equal(saved["x"], calls[-1].x.numpy())
    last = json.loads((out / "metrics.jsonl").read_text().splitlines()[-1])
    assert {k: last[k] for k in ("event", "term", "step")} == {
        "event": "failure",
        "term": term,
        "step": step,
    }
    good = out / "checkpoints/last.safetensors"
    assert str(good) in message
    assert all(torch.isfinite(tensor).all() for tensor in load_file(good).values())
    saved_state = newest_state(out / "checkpoints")
    assert saved_state is not None and saved_state.step == (step - 1) // 4 * 4


def test_a_folder_that_cannot_be_written_is_refused_before_training(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunFolderError, match="cannot write to the folder"):
        run(config(), out=tmp_path / "file" / "run", report=False, data=DATA)


class SmallDisk:
    """A file system of its own in memory, mounted where the machine allows."""

    def __init__(self, where: Path, *, kilobytes: int) -> None:
        self.where = where
        where.mkdir()
        options = f"size={kilobytes}k"
        self._call("mount", "-t", "tmpfs", "-o", options, "tmpfs", str(where))

    def _call(self, *command: str) -> None:
        try:
            subprocess.run(command, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            pytest.skip(f"no file system can be mounted here: {error}")

    def read_only(self) -> None:
        self._call("mount", "-o", "remount,ro", str(self.where))

    def fill(self) -> None:
        with (self.where / "ballast").open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                pass

    def free(self) -> None:
        (self.where / "ballast").unlink()

    def close(self) -> None:
        subprocess.run(["umount", "-l", str(self.where)], check=False, capture_output=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    disk = SmallDisk(tmp_path / "disk", kilobytes=1024)
    yield disk
    disk.close()


def test_a_read_only_disk_is_refused_before_training(disk: SmallDisk) -> None:
    disk.read_only()
    trained: list[Mapping[str, Any]] = []
    with pytest.raises(RunFolderError, match=r"cannot write to the folder.*[Rr]ead-only"):
        run(config(), out=disk.where / "run", report=False, data=DATA, observe=trained.append)
    assert trained == []


def test_a_run_on_a_disk_that_became_read_only_is_not_resumed(disk: SmallDisk) -> None:
    out = disk.where / "run"
    with pytest.raises(RuntimeError, match="stop"):
        run(config(), out=out, report=False, data=DATA, observe=at_step(10, stop))
    disk.read_only()
    with pytest.raises(RunFolderError, match=r"cannot write to the folder.*[Rr]ead-only"):
        resume(out)


@pytest.mark.parametrize("step", [5, 7, 11])
def test_a_full_disk_stops_the_run_and_what_was_saved_is_whole(
    step: int, disk: SmallDisk, whole: dict[str, torch.Tensor]
) -> None:
    out = disk.where / "run"
    with pytest.raises(RunFolderError, match=r"(?i)no space left") as caught:
        run(config(), out=out, report=False, data=DATA, observe=at_step(step, disk.fill))
    assert "kept for --resume" in caught.value.message
    assert not [path for path in out.rglob(".*") if path.name != LOCK]  # nothing half-written
    assert all(json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines())
    saved = newest_state(out / "checkpoints")
    assert saved is not None and not saved.damaged and saved.step == step // 4 * 4
    disk.free()
    resume(out)
    assert_equal(weights(out), whole)


def test_a_disk_that_fails_in_the_middle_of_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole: dict[str, torch.Tensor]
) -> None:
    """The same without mounting: the file is half-written when the disk is full."""
    original, calls = Path.write_bytes, []

    def half(path: Path, content: bytes) -> int:
        calls.append(path)
        if len(calls) == 5:
            original(path, content[:50])
            raise OSError(28, "No space left on device")
        return original(path, content)

    out = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", half)
        with pytest.raises(RunFolderError, match="No space left") as caught:
            run(config(), out=out, report=False, data=DATA)
    assert "free space" in str(caught.value.hint)
    assert not [path for path in out.rglob(".*") if path.is_file()]
    assert newest_state(out / "checkpoints") is not None
    resume(out)
    assert_equal(weights(out), whole)

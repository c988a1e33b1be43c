"""Batches that a thread reads ahead."""

from __future__ import annotations

import gc
import itertools
import threading
import time
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from gwae_core.context import Batch
from gwae_core.engine import BatchSource, Iterated, Prefetched, TensorBatches
from gwae_core.errors import DataError

X = torch.arange(60.0).reshape(30, 2)


def source(seed: int = 0) -> TensorBatches:
    return TensorBatches(X, batch_size=4, seed=seed)


def take(batches: BatchSource, count: int) -> list[Batch]:
    return list(itertools.islice(iter(batches), count))


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "prefetch"]


@pytest.fixture(autouse=True)
def no_thread_is_left_behind() -> Iterator[None]:
    yield
    gc.collect()
    assert threads() == []


@pytest.mark.parametrize("depth", [1, 2, 50])
def test_the_batches_are_those_without_it_in_the_same_order(depth: int) -> None:
    expected, found = take(source(), 40), take(Prefetched(source(), depth=depth), 40)
    for a, b in zip(expected, found, strict=True):
        assert torch.equal(a.x, b.x) and torch.equal(a.index, b.index)


@pytest.mark.parametrize("taken", [0, 1, 7, 23])
def test_the_position_counts_what_was_taken_and_not_what_was_read(taken: int) -> None:
    whole = take(source(), 40)
    interrupted = Prefetched(source(), depth=5)
    take(interrupted, taken)
    time.sleep(0.02)  # the thread has read ahead
    assert interrupted.state() == {"taken": taken}
    resumed = Prefetched(source(), depth=3)
    resumed.load_state(interrupted.state())
    for a, b in zip(whole[taken:], take(resumed, 40 - taken), strict=True):
        assert torch.equal(a.x, b.x)
    assert resumed.state() == {"taken": 40}
    plain = source()
    plain.load_state(interrupted.state())
    assert torch.equal(take(plain, 1)[0].x, whole[taken].x)


def test_it_reads_ahead_as_far_as_it_may_and_no_further() -> None:
    read: list[int] = []

    class Counting(TensorBatches):
        def rows(self, rows: Tensor) -> Batch:
            read.append(1)
            return super().rows(rows)

    batches = iter(Prefetched(Counting(X, batch_size=4), depth=3))
    next(batches)
    until = time.monotonic() + 5
    while len(read) < 5 and time.monotonic() < until:
        time.sleep(0.01)
    time.sleep(0.05)
    # One was taken, three wait, one is in the thread's hands.
    assert len(read) == 5


def test_an_error_comes_where_its_batch_would_have_come() -> None:
    def broken() -> Iterator[Tensor]:
        yield X[:4]
        yield X[4:8]
        raise DataError("the file has become shorter")

    batches = iter(Prefetched(Iterated(broken()), depth=8))
    assert len(list(itertools.islice(batches, 2))) == 2
    with pytest.raises(DataError, match="has become shorter"):
        next(batches)


def test_the_thread_ends_with_the_iteration_even_while_it_waits_for_room() -> None:
    batches = iter(Prefetched(source(), depth=1))
    next(batches)
    time.sleep(0.02)
    assert len(threads()) == 1
    del batches


def test_the_global_random_state_is_untouched() -> None:
    torch.manual_seed(3)
    state = torch.get_rng_state()
    take(Prefetched(source(), depth=2), 20)
    assert torch.equal(torch.get_rng_state(), state)


def test_all_data_are_the_source_s() -> None:
    assert Prefetched(source(), depth=2).all_data() is X

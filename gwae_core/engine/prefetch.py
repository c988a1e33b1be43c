"""Batches that a thread reads ahead."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from queue import Empty, Full, Queue
from threading import Event, Thread

from torch import Tensor

from gwae_core.context import Batch
from gwae_core.engine.batches import BatchSource

WAIT = 0.1
"""Seconds after which the thread looks whether it is still wanted."""

Item = Batch | BaseException | None
"""A batch, the error that came in its place, or the end."""


class Prefetched(BatchSource):
    """The batches of a source, in its order, read ahead by a thread while the model trains.

    The position counts batches that were taken, not those that were read; an error of the source
    is raised where its batch would have come. The thread ends with the iteration.

    Args:
        source: Where the batches come from.
        depth: Most batches that wait, at least 1.
    """

    def __init__(self, source: BatchSource, *, depth: int) -> None:
        self.source = source
        self.depth = depth

    def after(self, taken: int) -> Iterator[Batch]:
        """Batches that follow the first ``taken``."""
        ready: Queue[Item] = Queue(self.depth)
        stop = Event()
        # The thread must not hold this generator: it ends when nobody does.
        thread = Thread(
            target=_fill, args=(self.source.after(taken), ready, stop), name="prefetch", daemon=True
        )
        thread.start()
        try:
            while True:
                found = ready.get()
                if found is None:
                    return
                if isinstance(found, BaseException):
                    raise found
                yield found
        finally:
            stop.set()
            # A thread that waits for room must get it.
            with suppress(Empty):
                while True:
                    ready.get_nowait()
            thread.join()

    def all_data(self) -> Tensor:
        """The source's."""
        return self.source.all_data()


def _fill(batches: Iterator[Batch], ready: Queue[Item], stop: Event) -> None:
    """Put batches, and the error that ends them, where they are taken from."""
    try:
        for batch in batches:
            if not _put(batch, ready, stop):
                return
        _put(None, ready, stop)
    # Whatever went wrong belongs to whoever takes the batches.
    except BaseException as error:
        _put(error, ready, stop)


def _put(item: Item, ready: Queue[Item], stop: Event) -> bool:
    while not stop.is_set():
        with suppress(Full):
            ready.put(item, timeout=WAIT)
            return True
    return False

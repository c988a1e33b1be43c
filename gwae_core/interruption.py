"""Signals that ask a run to stop: it does so between two steps, when its state is whole."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from gwae_core.process_group import ProcessGroup

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopRequest:
    """Whether a signal asked to stop.

    Attributes:
        signal: Number of the first such signal, or None.
    """

    signal: int | None = None

    def agreed(self, processes: ProcessGroup | None) -> bool:
        """Whether this process was asked to stop, or another one that it works with."""
        asked = self.signal or 0
        if processes is not None:
            asked = processes.highest(asked)
        # nothing is overwritten by 0: a signal may have come amid the exchange, for the next one
        if asked:
            self.signal = asked
        return asked > 0

    @property
    def exit_code(self) -> int:
        """Exit code that tells the signal, as shells count."""
        return 128 + (self.signal or signal.SIGINT)


@contextmanager
def watch_for_stop() -> Iterator[StopRequest]:
    """Take note of Ctrl-C and SIGTERM inside of the block; a second one stops at once.

    Elsewhere than in the main thread, which alone gets signals, nothing is changed.
    """
    request = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return

    def note(number: int, _frame: FrameType | None) -> None:
        if request.signal is not None:
            raise KeyboardInterrupt
        request.signal = number

    before = {number: signal.signal(number, note) for number in SIGNALS}
    try:
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

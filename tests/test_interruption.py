"""Signals that ask a run to stop, one process or several."""

from __future__ import annotations

import signal

import pytest

from gwae_core.interruption import SIGNALS, StopRequest, watch_for_stop
from gwae_core.process_group import ProcessGroup


class Exchange(ProcessGroup):
    """Processes of which this one is signalled while it waits for what the others say."""

    def highest(self, number: int) -> int:
        signal.raise_signal(signal.SIGTERM)
        return number


@pytest.mark.parametrize("number", SIGNALS)
def test_one_process_stops_after_its_signal_and_a_second_stops_at_once(number):
    before = signal.getsignal(number)
    with watch_for_stop() as stop:
        assert not stop.agreed(None)
        signal.raise_signal(number)
        assert stop.agreed(None)
        assert stop.exit_code == 128 + number
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
    assert signal.getsignal(number) is before


def test_a_signal_amid_the_exchange_counts_at_the_next_one():
    with watch_for_stop() as stop:
        assert not stop.agreed(Exchange(rank=0, size=2))  # the others were told: no signal
        assert stop.signal == signal.SIGTERM
        assert stop.agreed(None)
        assert stop.exit_code == 143


def test_the_signal_of_another_process_stops_this_one_too():
    class Other(ProcessGroup):
        def highest(self, number: int) -> int:
            return max(number, signal.SIGINT)

    stop = StopRequest()
    assert stop.agreed(Other(rank=0, size=2))
    assert stop.exit_code == 130

"""Which batches the groups of parameters see within one training step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from gwae_core.context import Batch
from gwae_core.interfaces import UpdateGroup


class StepBatches:
    """The batches of one training step.

    Args:
        draw: Gives the next batch.
    """

    def __init__(self, draw: Callable[[], Batch]) -> None:
        self._draw = draw
        self._shared: list[Batch] = []

    def forget_memos(self) -> None:
        """Drop what was computed on batches: other parameters are updated from here on."""
        self._shared = [replace(batch, memo={}) for batch in self._shared]

    def draws(self, group: UpdateGroup) -> Callable[[], Batch]:
        """What gives the batches of one update of a group, one for each call."""
        if not group.same_batch:
            return self._draw
        drawn_before = iter(tuple(self._shared))

        def draw() -> Batch:
            batch = next(drawn_before, None)
            if batch is None:
                batch = self._draw()
                self._shared.append(batch)
            return batch

        return draw

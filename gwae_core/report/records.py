"""What was logged during training, as series over steps."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gwae_core.records import read_records


@dataclass(frozen=True)
class Series:
    """Values of one quantity over training steps."""

    steps: list[float]
    values: list[float]


@dataclass(frozen=True)
class Log:
    """The records of a run, in order; any of their keys may be missing."""

    records: Sequence[Mapping[str, Any]]

    @classmethod
    def read(cls, path: Path) -> Log:
        """Read a file of one JSON object a line; a line cut off by a crash is left out."""
        return cls(read_records(path))

    def of(self, event: str) -> list[Mapping[str, Any]]:
        """Records of one event."""
        return [record for record in self.records if record.get("event") == event]

    def names(self, event: str, group: str) -> list[str]:
        """Names under a mapping such as ``terms``, in the order in which they appear."""
        names: dict[str, None] = {}
        for record in self.of(event):
            found = record.get(group)
            if isinstance(found, Mapping):
                names |= dict.fromkeys(found)
        return list(names)

    def series(self, event: str, *keys: str) -> Series:
        """Finite numbers under a path of keys, such as ``("terms", "gw")``."""
        steps, values = [], []
        for record in self.of(event):
            found: Any = record
            for key in keys:
                found = found.get(key) if isinstance(found, Mapping) else None
            step, value = finite(record.get("step")), finite(found)
            if step is not None and value is not None:
                steps.append(step)
                values.append(value)
        return Series(steps, values)


def finite(value: Any) -> float | None:
    """A value that is a finite number, or None; an integer beyond all floats is none."""
    try:
        number = float(value) if isinstance(value, int | float) else math.nan
    except OverflowError:
        return None
    return number if math.isfinite(number) else None

"""Records of a run: read from its log, flattened, and written as a table."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from gwae_core.files import write_text

LOGGED = ("train", "validation")
"""Events that become rows of the table."""
FIRST = ("event", "step", "stage")
"""The table's first columns."""


def flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, float]:
    """Numbers of nested mappings under dotted names, ``{"terms": {"gw": 1}}`` as ``terms.gw``."""
    found: dict[str, float] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            found |= flatten(value, f"{prefix}{name}.")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            found[f"{prefix}{name}"] = value
    return found


def flat(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The leaves of nested values by dotted path; a list of plain values is one leaf."""
    if isinstance(value, Mapping):
        items = [(str(key), inner) for key, inner in value.items()]
    elif isinstance(value, list) and any(isinstance(inner, Mapping) for inner in value):
        items = [(str(position), inner) for position, inner in enumerate(value)]
    else:
        yield path, value
        return
    for key, inner in items:
        yield from flat(inner, f"{path}.{key}" if path else key)


def read_records(path: Path) -> list[Mapping[str, Any]]:
    """Read a file of one JSON object a line; a line cut off by a crash is left out."""
    records: list[Mapping[str, Any]] = []
    if path.is_file():
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                record = json.loads(line)
            except ValueError:
                continue
            if isinstance(record, dict):
                records.append(record)
    return records


def table(records: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[dict[str, Any]]]:
    """Columns and rows: one row a training or validation record, in order.

    The columns are ``event``, ``step``, ``stage``, and the dotted name of every number, such as
    ``terms.gw`` or ``gradient_norm.gw``; a row has no cell for what its record does not hold.
    """
    rows = []
    columns = dict.fromkeys(FIRST)
    for record in records:
        if record.get("event") in LOGGED:
            numbers = {name: v for name, v in flatten(record).items() if name not in FIRST}
            rows.append({name: record.get(name) for name in FIRST} | numbers)
            columns |= dict.fromkeys(numbers)
    return list(columns), rows


def write_table(folder: Path, path: Path | None = None) -> Path:
    """Write the table of a run's records as CSV, which ``pandas.read_csv`` reads as it is.

    Args:
        folder: The run folder; a run that is still going on, or was interrupted, will do.
        path: The file; None takes ``metrics.csv`` in the run folder.

    Raises:
        RunFolderError: The file cannot be written.
    """
    path = folder / "metrics.csv" if path is None else path
    columns, rows = table(read_records(folder / "metrics.jsonl"))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, text.getvalue())
    return path

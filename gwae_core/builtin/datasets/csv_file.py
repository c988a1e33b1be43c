"""Tables in CSV files."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from gwae_core.errors import DataError

DELIMITERS = (",", ";", "\t")

Value = TypeVar("Value", bound=np.generic)


@dataclass(frozen=True)
class CSVTable:
    """A table of text cells in a file, and the names of its columns.

    Attributes:
        path: The file.
        names: Names of the columns; their positions "0", "1", ... where there is no header row.
        delimiter: What separates two cells.
        header: Whether the first line holds names.
    """

    path: Path
    names: tuple[str, ...]
    delimiter: str
    header: bool

    @classmethod
    def open(
        cls, path: Path, *, delimiter: str | None = None, header: bool | None = None
    ) -> CSVTable:
        """Read the first line and count the cells of all.

        Args:
            path: The file.
            delimiter: What separates two cells; None takes the likeliest of , ; and tab.
            header: Whether the first line holds names; None takes it for a header unless all its
                cells are numbers, and where they count from 0, as pandas numbers its columns.

        Raises:
            DataError: The file is not text, holds no row, has a column without a name or two of
                one name, or lines of different lengths.
        """
        try:
            with path.open(encoding="utf-8-sig", newline="") as file:
                line = file.readline()
        except UnicodeDecodeError as error:
            raise DataError(f"{path} is not a text file: {error}") from error
        if not line.strip():
            raise DataError(f"{path} is empty, or begins with an empty line")
        delimiter = delimiter or max(DELIMITERS, key=line.count)
        try:
            cells = [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter))]
        except csv.Error as error:
            raise DataError(f"{path}, line 1: {error}") from error
        if header is None:
            numbered = len(cells) > 2 and cells == [str(i) for i in range(len(cells))]
            header = numbered or not all(map(_is_number, cells))
        names = tuple(cells) if header else tuple(map(str, range(len(cells))))
        if "" in names:
            raise DataError(
                f"column {names.index('')} of {path} has no name; if it numbers the rows, it is no "
                "data",
                hint="write the file without an index (pandas: to_csv(PATH, index=False))",
            )
        if repeated := sorted({name for name in names if names.count(name) > 1}):
            raise DataError(f"{path} has several columns named {', '.join(map(repr, repeated))}")
        table = cls(path, names, delimiter, header)
        rows = 0
        for number, row in table._rows():
            rows += 1
            if len(row) != len(names):
                raise DataError(
                    f"{path}, line {number}: {len(row)} cells; the first line has {len(names)}"
                )
        if not rows:
            raise DataError(f"{path} has a header and no row")
        return table

    def column(self, name: str) -> int:
        """Position of a column.

        Raises:
            DataError: No column has that name.
        """
        if name in self.names:
            return self.names.index(name)
        shown = ", ".join(self.names[:20]) + (", ..." if len(self.names) > 20 else "")
        raise DataError(f"{self.path} has no column {name!r}; its columns are {shown}")

    def numbers(self, columns: Sequence[int]) -> NDArray[np.float64]:
        """Columns as numbers, (n, len(columns)).

        Raises:
            DataError: A cell is empty or not a number.
        """
        try:
            return self._load(columns, np.float64)
        except ValueError as error:
            raise DataError(
                self._fault(columns) or f"{self.path}: {error}",
                hint="a column of labels is named by data.y",
            ) from error

    def text(self, column: int) -> NDArray[np.str_]:
        """A column as text, (n,)."""
        return self._load([column], np.str_)[:, 0]

    def _load(self, columns: Sequence[int], dtype: type[Value]) -> NDArray[Value]:
        return np.loadtxt(
            self.path,
            dtype=dtype,
            delimiter=self.delimiter,
            comments=None,
            skiprows=int(self.header),
            usecols=columns,
            ndmin=2,
            encoding="utf-8-sig",
            quotechar='"',
        )

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        """Number of the line and cells of each row; empty lines are left out."""
        with self.path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, delimiter=self.delimiter)
            try:
                if self.header:
                    next(reader)
                for cells in reader:
                    if cells:
                        yield reader.line_num, cells
            except (csv.Error, UnicodeDecodeError) as error:
                raise DataError(f"{self.path}, line {reader.line_num}: {error}") from error

    def _fault(self, columns: Sequence[int]) -> str | None:
        """The first cell that is not a number."""
        for number, cells in self._rows():
            for column in columns:
                if not _is_number(cells[column]):
                    return (
                        f"{self.path}, line {number}, column {self.names[column]!r}: expected a "
                        f"number, got {repr(cells[column]) if cells[column].strip() else 'nothing'}"
                    )
        return None


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True

"""The works of the bibliography, and which of them a docstring cites."""

from __future__ import annotations

import functools
import re
from pathlib import Path

BIBLIOGRAPHY = Path(__file__).parents[1] / "bibliography.md"
CITATION = re.compile(
    r"([A-Z][\w-]+(?:(?:,| and| &) [A-Z][\w-]+)*)(?: et al\.)?,? \(?((?:19|20)\d\d)\b"
)
SOURCE = re.compile(r"^Source: (.+)$", re.MULTILINE)


@functools.cache
def works() -> dict[tuple[tuple[str, ...], str], str]:
    """The text of every work, by the surnames of its authors in order, and its year."""
    found = {}
    for entry in re.split(r"\n- ", BIBLIOGRAPHY.read_text(encoding="utf-8"))[1:]:
        text = " ".join(entry.split("\n\n")[0].split())
        authors, year = re.match(r"(.+?) \((\d{4})\)", text).groups()
        surnames = re.findall(r"([A-Z][\w-]+)(?=,)", authors)
        found[tuple(surnames), year] = text
    return found


def cited(docstring: str) -> list[str]:
    """The works that a docstring cites, as the bibliography has them.

    Raises:
        LookupError: A citation leads to no work, or to several.
    """
    texts = []
    for names, year in CITATION.findall(" ".join(docstring.split())):
        authors = tuple(re.findall(r"[A-Z][\w-]+", names))
        fitting = [
            text
            for (surnames, when), text in works().items()
            if when == year and surnames[: len(authors)] == authors
        ]
        if len(fitting) != 1:
            raise LookupError(f"{names}, {year}: {len(fitting)} works of the bibliography fit")
        texts += fitting
    return list(dict.fromkeys(texts))


def source(docstring: str) -> str:
    """Where a component without a publication comes from, by its line ``Source: ...``."""
    found = SOURCE.search(docstring)
    return found.group(1) if found else ""

"""Options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

AllowImport = Annotated[
    bool,
    typer.Option(
        "--allow-import",
        help="Import code that the configuration names (`type: module`); it runs with your rights.",
    ),
]

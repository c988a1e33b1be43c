"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

RunArgument = Annotated[Path, typer.Argument(metavar="RUN", help="Run folder.")]
AllowImport = Annotated[
    bool,
    typer.Option(
        "--allow-import",
        help="Import code that the configuration names (`type: module`); it runs with your rights.",
    ),
]

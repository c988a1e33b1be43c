"""How a command ends: a user's mistake, an interruption or a closed pipe leaves no traceback."""

from __future__ import annotations

import functools
import os
import sys
import warnings
from collections.abc import Callable
from typing import ParamSpec, TextIO

import typer

from gwae_core.errors import GWAEError, RunInterrupted

P = ParamSpec("P")

USER_ERROR = 2
INTERRUPTED = 130
BROKEN_PIPE = 141


def reported(command: Callable[P, None]) -> Callable[P, None]:
    """Let a command end with ``error:`` and ``hint:`` on stderr and exit code 2 on a `GWAEError`.

    Any other exception is a bug and keeps its traceback and exit code 1.
    """

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            with warnings.catch_warnings():
                warnings.showwarning = _show_warning
                command(*args, **kwargs)
                sys.stdout.flush()
        except GWAEError as error:
            _say("error", error.message, typer.colors.RED)
            if error.hint:
                _say("hint", error.hint, typer.colors.CYAN)
            raise typer.Exit(USER_ERROR) from None
        except RunInterrupted as error:
            _say("interrupted", error.message, typer.colors.YELLOW)
            _say("hint", error.hint, typer.colors.CYAN)
            raise typer.Exit(error.exit_code) from None
        except KeyboardInterrupt:
            typer.echo("interrupted", err=True)
            raise typer.Exit(INTERRUPTED) from None
        except BrokenPipeError:
            # The reader is gone; what is left in the buffer must not fail once more at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(BROKEN_PIPE) from None

    return run


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    _say("warning", str(message), typer.colors.YELLOW)


def _say(label: str, text: str, colour: str) -> None:
    for line in text.splitlines():
        typer.secho(f"{label}: ", fg=colour, bold=True, nl=False, err=True)
        typer.echo(line, err=True)

"""The errors that gwae-core raises on purpose: each says what is wrong and how to mend it."""

from __future__ import annotations

from collections.abc import Iterable


class GWAEError(Exception):
    """A mistake that the user can mend; the command line shows it without a traceback.

    Args:
        message: What is wrong, what was received and what is allowed; lower case.
        hint: How to mend it, or None where the message says it already.
    """

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\nhint: {self.hint}" if self.hint else self.message


class GWAEDeprecationWarning(FutureWarning):
    """A name that is still understood, and may not be in the next minor release.

    It is a `FutureWarning`, which Python shows to everybody: those who read it write
    configurations and run commands, and a `DeprecationWarning` is hidden from them.
    """


class ConfigError(GWAEError):
    """A configuration that cannot be accepted: its file, path, value and what is allowed."""


class ComponentError(GWAEError):
    """A component that is unknown, not available, wrongly declared, or used where it cannot be."""


class DataError(GWAEError):
    """Data that cannot be read, or that holds what no model can train on."""


class SpaceError(GWAEError):
    """A metric-measure space whose points, distances or weights are not valid."""


class RunFolderError(GWAEError):
    """A run folder that cannot be written, read or resumed."""


class TrainingError(GWAEError):
    """Training that cannot go on: a value that is not finite, or a model that exploded."""


class RunInterrupted(KeyboardInterrupt):
    """A run that was asked to stop by a signal, and stopped between two steps.

    Args:
        message: Where it stopped.
        hint: How it is resumed.
        exit_code: Exit code that tells the signal: 130 for Ctrl-C, 143 for SIGTERM.
    """

    def __init__(self, message: str, *, hint: str, exit_code: int = 130) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.exit_code = exit_code

    def __str__(self) -> str:
        return f"{self.message}\nhint: {self.hint}"


def did_you_mean(name: object, known: Iterable[str]) -> str:
    """A question after the known name that is most like a wrong one; empty where none is."""
    import difflib  # of no use to those who make no mistake

    close = difflib.get_close_matches(str(name), known, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""

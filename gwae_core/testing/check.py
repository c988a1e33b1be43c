"""A check of a component, and what came of it."""

from __future__ import annotations

import inspect
import unittest
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from gwae_core.testing.subject import Subject

Verb = Callable[[Subject], None]


class NotApplicable(unittest.SkipTest):
    """A check says nothing about this component; pytest counts it as skipped."""


@dataclass(frozen=True)
class Check:
    """One law that a component must keep; call it to check.

    Attributes:
        name: Name of the law, such as ``gradients``.
        subject: The component and what it is fed with.
        verb: The function that checks.
    """

    name: str
    subject: Subject
    verb: Verb

    @property
    def summary(self) -> str:
        """The law in a sentence."""
        return (inspect.getdoc(self.verb) or "").partition("\n")[0]

    def __str__(self) -> str:
        return f"{self.subject.component.kind}-{self.subject.component.name()}-{self.name}"

    def __call__(self) -> None:
        """Check.

        Raises:
            AssertionError: The component breaks the law; the message says how to mend it.
        """
        try:
            self.verb(self.subject)
        except AssertionError as error:
            raise AssertionError(f"{self}: {error}") from error
        except NotApplicable:
            raise
        except Exception as error:
            raise AssertionError(
                f"{self}: {type(error).__name__}: {error} (the law: {self.summary})"
            ) from error


@dataclass(frozen=True)
class CheckResult:
    """What came of a check.

    Attributes:
        name: Name of the check.
        status: Passed, failed, or skipped where it does not apply.
        message: Why it failed and how to mend it, or why it was skipped.
    """

    name: str
    status: Literal["passed", "failed", "skipped"]
    message: str = ""


def result_of(check: Check) -> CheckResult:
    """Run a check and keep what came of it."""
    try:
        check()
    except AssertionError as error:
        return CheckResult(check.name, "failed", str(error))
    except NotApplicable as reason:
        return CheckResult(check.name, "skipped", str(reason))
    return CheckResult(check.name, "passed")

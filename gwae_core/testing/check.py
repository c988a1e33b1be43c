"""A check of a component, and what came of it."""

from __future__ import annotations

import inspect
import unittest
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from gwae_core.errors import ComponentError, did_you_mean
from gwae_core.testing.subject import Subject

# A verb takes the subject of its own kind.
Verb = Callable[[Any], None]


class NotApplicable(unittest.SkipTest):
    """A check says nothing about this component; pytest counts it as skipped."""


@dataclass(frozen=True)
class Check:
    """One law that a component must keep; call it to check.

    Attributes:
        name: Name of the law, such as ``gradients``.
        subject: The component and what it is fed with.
        verb: The function that checks.
        expected_failure: Why the component is known to break the law; empty where it keeps it.
    """

    name: str
    subject: Subject
    verb: Verb
    expected_failure: str = ""

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
            NotApplicable: The law says nothing about this component.
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


Status = Literal["passed", "failed", "skipped", "expected failure"]


@dataclass(frozen=True)
class CheckResult:
    """What came of a check.

    Attributes:
        name: Name of the check.
        status: Passed, failed, skipped where it does not apply, or failed as expected.
        message: Why it failed and how to mend it, why it was skipped, or why it may fail.
    """

    name: str
    status: Status
    message: str = ""


def result_of(check: Check) -> CheckResult:
    """Run a check and keep what came of it; an expected failure that passes is a failure."""
    reason = check.expected_failure
    try:
        check()
    except AssertionError as error:
        return CheckResult(
            check.name, "expected failure" if reason else "failed", reason or str(error)
        )
    except NotApplicable as skipped:
        return CheckResult(check.name, "skipped", str(skipped))
    if reason:
        message = f"{check}: it passes; take {check.name!r} out of expected_failures ({reason})"
        return CheckResult(check.name, "failed", message)
    return CheckResult(check.name, "passed")


def with_expected(checks: Sequence[Check], expected_failures: Mapping[str, str]) -> list[Check]:
    """The checks, those that are expected to fail marked with the reason.

    Args:
        checks: Checks of one component or several.
        expected_failures: Name of a check -> why it fails.

    Raises:
        ComponentError: There is no check of a name, or no reason is given.
    """
    names = list(dict.fromkeys(check.name for check in checks))
    for name, reason in expected_failures.items():
        if name not in names:
            meant = did_you_mean(name, names)
            raise ComponentError(
                f"expected_failures names no check: {name!r}{meant}; checks: {', '.join(names)}"
            )
        if not reason.strip():
            raise ComponentError(
                f"expected_failures gives no reason for {name!r}",
                hint=f'write why the component may break the law: {{"{name}": "..."}}',
            )
    return [replace(c, expected_failure=expected_failures.get(c.name, "")) for c in checks]

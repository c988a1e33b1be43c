"""The spirals of the documentation: the numbers on the page are those that the script finds."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

EXAMPLES = Path(__file__).resolve().parents[1] / "docs" / "examples"
SHOWN = EXAMPLES / "spirals.txt"


def numbers(text: str) -> dict[str, float]:
    """Value by estimator of the printed table."""
    return {line[:20].strip(): float(line[20:30]) for line in text.splitlines()[1:]}


@pytest.fixture(scope="module")
def script() -> dict[str, Any]:
    return runpy.run_path(str(EXAMPLES / "spirals.py"))


def test_the_page_shows_what_the_estimators_find(script: dict[str, Any]) -> None:
    found = script["matched"]()
    printed, shown = numbers(script["table"](found)), numbers(SHOWN.read_text(encoding="utf-8"))
    assert printed == pytest.approx(shown, rel=0.01, abs=2e-4)
    assert all(result.converged for result in found.values())


def test_what_the_page_says_of_the_numbers() -> None:
    shown = numbers(SHOWN.read_text(encoding="utf-8"))
    bounds = [shown[f"lower-bound, {name}"] for name in ("first", "second", "third")]
    assert max(bounds) == bounds[2] < shown["exact"] < shown["entropic"] < shown["paired"]
    gap = shown["paired"] - shown["exact"]
    assert shown["gromov-monge-gap"] == pytest.approx(gap, abs=2e-4)


def test_the_exact_coupling_follows_the_spiral(script: dict[str, Any]) -> None:
    z, x, _, raised = script["spirals"]()
    plan = script["distance"](x, z, cost="sqeuclidean").dense().numpy()
    # heights rise along the spiral in space, places along the one in the plane
    order = plan.argmax(1)[np.argsort(raised[:, 2])]
    assert np.corrcoef(order, np.arange(len(order)))[0, 1] > 0.99


@pytest.mark.slow
def test_the_script_draws(tmp_path: Path) -> None:
    subprocess.run([sys.executable, str(EXAMPLES / "spirals.py"), str(tmp_path)], check=True)
    assert (tmp_path / "spirals.txt").read_text().count("\n") == 10
    assert 10_000 < (tmp_path / "spirals.png").stat().st_size < 300_000

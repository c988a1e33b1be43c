"""The command `gwae distance`: arrays on disk in, the value out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from gwae_core import distance
from gwae_core.cli import app

RANDOM = np.random.default_rng(0)
X, Z = RANDOM.normal(size=(7, 3)), RANDOM.normal(size=(5, 2))
P = np.arange(1.0, 8)


def gwae(*arguments: object) -> Any:
    """Run the command in this process."""
    return CliRunner().invoke(app, ["distance", *map(str, arguments)])


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder that holds the arrays in several formats."""
    monkeypatch.chdir(tmp_path)
    np.save("x.npy", X)
    np.save("z.npy", Z)
    np.savez("x.npz", x=X, other=Z)
    np.savez("only.npz", anything=X)
    np.savez("two.npz", a=X, b=Z)
    np.savetxt("x.csv", X, delimiter=",", fmt="%.17g")
    np.savetxt("named.csv", X, delimiter=",", fmt="%.17g", header="a,b,c", comments="")
    np.savetxt("x.tsv", X, delimiter="\t", fmt="%.17g", header="a\tb\tc")
    np.savetxt("x.txt", X, fmt="%.17g")
    np.save("p.npy", P)
    np.savetxt("p.csv", P, fmt="%.17g")
    return tmp_path


def value(*arguments: object) -> dict[str, Any]:
    result = gwae(*arguments, "--json")
    assert result.exit_code == 0, result.output
    printed: dict[str, Any] = json.loads(result.stdout)
    return printed


def test_what_is_printed(files: Path) -> None:
    expected = distance(X, Z)
    printed = value("x.npy", "z.npy")
    assert printed.pop("seconds") > 0
    assert printed == {
        "estimator": "exact",
        "points": [7, 5],
        "value": float(expected.value),
        "objective": float(expected.objective),
        "converged": True,
        "iterations": expected.n_iter,
        "marginal_error": expected.marginal_error,
    }
    lines = gwae("x.npy", "z.npy").stdout.splitlines()
    names = [line[:16].strip() for line in lines]
    assert names == [
        "estimator",
        "points",
        "value",
        "objective",
        "converged",
        "iterations",
        "marginal error",
        "seconds",
    ]
    assert lines[1].endswith("7 and 5")
    assert float(lines[2].split()[1]) == pytest.approx(float(expected.value))
    assert lines[4].endswith("yes")


@pytest.mark.parametrize(
    "name",
    ["x.npz", "only.npz", "two.npz:a", "x.npz:x", "x.csv", "named.csv", "x.tsv", "x.txt"],
)
def test_formats(files: Path, name: str) -> None:
    assert value(name, "z.npy")["value"] == float(distance(X, Z).value)


def test_one_column_is_points_on_a_line_and_one_row_a_single_point(files: Path) -> None:
    assert value("p.csv", "z.npy")["points"] == [7, 5]
    Path("row.csv").write_text("1,2,3\n")
    assert value("row.csv", "z.npy")["points"] == [1, 5]


def test_estimator_and_its_parameters(files: Path) -> None:
    printed = value("x.npy", "z.npy", "-e", "entropic", "--set", "epsilon=0.2")
    expected = distance(X, Z, estimator={"type": "entropic", "epsilon": 0.2})
    assert printed["value"] == pytest.approx(float(expected.value))
    assert printed["objective"] > printed["value"]
    nested = ("--estimator", "gromov-monge-gap", "--set", "solver.type=entropic")
    assert value("x.npy", "x.npy", *nested, "--set", "solver.epsilon=0.2")["iterations"] > 0


def test_a_solver_that_stops_early_says_so(files: Path) -> None:
    stopped = ("-e", "entropic", "--set", "max_iter=1", "--set", "tolerance=1e-12")
    result = gwae("x.npy", "z.npy", *stopped)
    assert result.exit_code == 0
    assert "converged       no" in result.stdout


def test_cost_rho_and_seed(files: Path) -> None:
    np.save("d.npy", np.linalg.norm(X[:, None] - X[None], axis=-1))
    paired = ("-e", "paired", "--rho", "3")
    assert value("d.npy", "d.npy", *paired, "--cost", "precomputed")["value"] == 0
    assert value("x.npy", "x.npy", *paired)["value"] == 0
    squared = value("x.npy", "z.npy", "--cost", "sqeuclidean")["value"]
    assert squared == pytest.approx(float(distance(X, Z, cost="sqeuclidean").value))
    sliced = [value("x.npy", "z.npy", "-e", "sliced", "--seed", s)["value"] for s in (0, 0, 1)]
    assert sliced[0] == sliced[1] != sliced[2]


@pytest.mark.parametrize("weights", ["p.npy", "p.csv"])
def test_weights(files: Path, weights: str) -> None:
    expected = float(distance(X, Z, weights_x=P).value)
    assert value("x.npy", "z.npy", "--weights-x", weights)["value"] == pytest.approx(expected)
    assert value("z.npy", "x.npy", "--weights-z", weights)["value"] == pytest.approx(expected)


@pytest.mark.parametrize("estimator", ["exact", "entropic"])
def test_the_plan_is_saved(files: Path, estimator: str) -> None:
    options = ("-e", estimator, "--weights-x", "p.npy", "--plan", "plan.npz")
    assert value("x.npy", "z.npy", *options)["plan"] == "plan.npz"
    assert "plan.npz" in gwae("x.npy", "z.npy", *options).stdout
    with np.load("plan.npz") as held:
        assert held.files == ["plan"]
        plan = held["plan"]
    np.testing.assert_allclose(plan.sum(1), P / P.sum(), atol=1e-9)
    np.testing.assert_allclose(plan.sum(0), np.full(5, 1 / 5), atol=1e-9)


MISTAKES: dict[str, tuple[str, str]] = {
    "no such file": ("nowhere.npy z.npy", "no such file: nowhere.npy"),
    "no such archive": ("nowhere.npz:a z.npy", "no such file: nowhere.npz"),
    "no such array": ("two.npz:c z.npy", "two.npz has no array 'c'; it has a, b"),
    "which array": ("two.npz z.npy", "two.npz:a"),
    "another format": ("image.png z.npy", "image.png ends in .png; expected .npy"),
    "damaged": ("damaged.npy z.npy", "damaged.npy cannot be read"),
    "pickled": ("pickled.npy z.npy", "pickled.npy cannot be read"),
    "text": ("text.npy z.npy", "text.npy holds <U1; expected real numbers"),
    "rows of different lengths": ("ragged.csv z.npy", "ragged.csv cannot be read"),
    "a word in a table": ("word.csv z.npy", "word.csv cannot be read"),
    "a gap in a table": ("gap.csv z.npy", "gap.csv cannot be read"),
    "empty": ("empty.csv z.npy", "empty.csv holds no points"),
    "names alone": ("header.csv z.npy", "header.csv holds no points"),
    "NaN": ("nan.npy z.npy", "x: points hold NaN or inf"),
    "NaN in a table": ("z.npy nan.csv", "z: points hold NaN or inf"),
    "too few weights": ("x.npy z.npy --weights-z p.npy", "z: weights must be (5,), got (7,)"),
    "negative weights": ("x.npy z.npy --weights-x minus.npy", "x: weights must not be negative"),
    "no weights": ("x.npy z.npy --weights-x none.npy", "no such file: none.npy"),
    "not square": ("x.npy z.npy --cost precomputed", "x: distances must be square"),
    "unequal sizes": ("x.npy z.npy -e paired", "7 and 5 points"),
    "unknown estimator": ("x.npy z.npy -e exakt", "did you mean 'exact'?"),
    "unknown parameter": ("x.npy z.npy --set starts=3", "estimator.starts: unknown field 'starts'"),
    "bad parameter": ("x.npy z.npy --set num_starts=0", "greater than 0; got 0"),
    "no equals sign": ("x.npy z.npy --set num_starts", "not of the form"),
    "unknown cost": ("x.npy z.npy --cost manhattan", "unknown ground cost 'manhattan'; allowed"),
    "cost not supported": ("x.npy z.npy -e sliced --cost cosine", "allowed: sqeuclidean"),
    "rho not supported": ("x.npy z.npy --rho 1", "'exact' cannot take rho 1; allowed: 2"),
    "no plan": ("x.npy z.npy -e sliced --plan plan.npz", "'sliced' gives no plan"),
    "plan of another format": ("x.npy z.npy --plan plan.csv", "must end in .npz"),
}


@pytest.mark.parametrize("arguments, message", MISTAKES.values(), ids=MISTAKES)
def test_mistakes(files: Path, arguments: str, message: str) -> None:
    Path("image.png").write_bytes(b"")
    Path("damaged.npy").write_bytes(b"\x93NUMPY\x01\x00")
    np.save("pickled.npy", np.array([{}], dtype=object))
    np.save("text.npy", np.array(["a", "b"]))
    Path("ragged.csv").write_text("1,2\n3\n")
    Path("word.csv").write_text("1,2\n3,four\n")
    Path("gap.csv").write_text("1,2\n,4\n")
    Path("empty.csv").write_text("\n")
    Path("header.csv").write_text("a,b\n")
    Path("nan.csv").write_text("1,2\nnan,4\n")
    np.save("nan.npy", np.where(X > 1, np.nan, X))
    np.save("minus.npy", -P)
    result = gwae(*arguments.split())
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert not Path("plan.npz").exists()


def test_most_mistakes_come_with_a_remedy(files: Path) -> None:
    for arguments in ("nowhere.npy z.npy", "x.npy z.npy -e paired", "x.npy z.npy --rho 1"):
        assert "\nhint: " in gwae(*arguments.split()).stderr

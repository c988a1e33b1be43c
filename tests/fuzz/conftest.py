"""Damage in small doses, and what may come of it: success, or an error with a sentence."""

from __future__ import annotations

import copy
import signal
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result
from hypothesis import strategies as st
from typer.testing import CliRunner

from gwae_core import RunConfig, run
from gwae_core.cli import app
from gwae_core.errors import GWAEError
from gwae_core.run_folder import RunFolder

SECONDS = 60.0
"""A case that takes longer counts as one that hangs."""
VALUES: list[Any] = [
    *(None, True, False, 0, 1, 2, 3, -1, 0.5, 1e-3, -0.0, 1e308, float("inf"), float("nan")),
    *(
        10**30,
        -(10**30),
        2**31,
        2**63,
        2**64,
        "",
        " ",
        "x",
        "1",
        "1e400",
        "nan",
        "\x00",
        "ünï\u202e",
    ),
    *("own", "normal", "gwae", "mlp", "module", "os.system", "../../x", "/dev/zero", "x" * 5000),
    *([], {}, [[]], [None], {"type": "x"}, {"type": None}, {"": 1}, {"type": ["mlp"]}, [1, 2, 3]),
]
WORDS = [
    "-",
    ":",
    "[",
    "{",
    "&a",
    "*a",
    "!!int ",
    "!!bool x",
    "!!timestamp 1",
    "!!binary é",
    "\t",
    "\n",
    '"',
    "#",
    "|",
    "\x00",
    "1e9",
    "é",
    "---",
]
EDIT = st.tuples(
    st.sampled_from(["flip", "cut", "insert", "drop", "repeat", "set"]),
    st.floats(0, 1, exclude_max=True),
    st.integers(0, 255),
    st.sampled_from(WORDS),
)
PATH = st.lists(st.integers(0, 30), min_size=1, max_size=6)
CHANGE = st.tuples(
    PATH,
    st.sampled_from(["set", "drop", "rename", "wrap", "deepen", *["near"] * 5]),
    st.sampled_from(VALUES),
    st.sampled_from([0, 1, 2, 3, 0.1, 0.5, 7, 32, 1e-4, 1e3]),
)


@pytest.fixture(scope="session")
def damaged() -> Callable[[Any, bytes], bytes]:
    """Bytes with some edits: flipped, cut off, inserted, left out or repeated."""

    def damage(data: Any, content: bytes) -> bytes:
        for how, where, byte, word in data.draw(st.lists(EDIT, min_size=1, max_size=4)):
            at = int(where * len(content))
            match how:
                case "flip":
                    content = (
                        content[:at] + bytes([content[at] ^ (byte or 1)]) + content[at + 1 :]
                        if content
                        else b"x"
                    )
                case "cut":
                    content = content[:at]
                case "insert":
                    content = content[:at] + word.encode() + content[at:]
                case "drop":
                    content = content[:at] + content[at + byte :]
                case "repeat":
                    content = content[:at] + content[at : at + byte] * 3 + content[at + byte :]
                case "set":
                    content = content[:at] + bytes([byte]) * 8 + content[at + 8 :]
        return content

    return damage


@pytest.fixture(scope="session")
def changed() -> Callable[[Any, Any], Any]:
    """Nested values with some of them replaced, left out, renamed or nested deeper."""

    def change(data: Any, values: Any) -> Any:
        values = copy.deepcopy(values)
        for path, how, value, number in data.draw(st.lists(CHANGE, min_size=1, max_size=3)):
            _change(values, path, how, number if how == "near" else value)
        return values

    return change


def _change(place: Any, path: list[int], how: str, value: Any) -> None:
    for step in path:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        if not keys:
            return
        key = keys[step % len(keys)]
        if step == path[-1] or not isinstance(place[key], dict | list) or not place[key]:
            break
        place = place[key]
    match how:
        case "set":
            place[key] = copy.deepcopy(value)
        case "near" if isinstance(place[key], bool):
            place[key] = not place[key]
        case "near" if isinstance(place[key], int | float):
            place[key] = type(place[key])(value)
        case "drop":
            del place[key]
        case "rename" if isinstance(place, dict):
            place[f"{key}x"] = place.pop(key)
        case "wrap":
            place[key] = [place[key]]
        case "deepen":
            for _ in range(40):
                place[key] = {"type": place[key]}


@pytest.fixture(scope="session")
def survives() -> Callable[[Callable[[], object]], bool]:
    """Whether a call succeeds; it may fail with a `GWAEError` only, and within the time."""

    def check(call: Callable[[], object]) -> bool:
        try:
            with _within(SECONDS), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                call()
        except GWAEError as error:
            assert len(error.message.split()) > 1, "an error is a sentence"
            return False
        return True

    return check


@pytest.fixture(scope="session")
def command() -> Callable[..., Result]:
    """Run a command in this process: exit code 0 or 2, and no traceback."""

    def gwae(*arguments: object) -> Result:
        with _within(SECONDS):
            result = CliRunner().invoke(app, [str(argument) for argument in arguments])
        if not isinstance(result.exception, SystemExit | None):
            raise result.exception
        assert result.exit_code in (0, 2), result.output
        assert "Traceback" not in result.output
        assert result.exit_code == 0 or "error: " in result.stderr
        return result

    return gwae


@contextmanager
def _within(seconds: float) -> Iterator[None]:
    def late(*_: object) -> None:
        raise AssertionError(f"it takes more than {seconds:g} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A run of a tenth of a second, with every field written out."""
    path = tmp_path_factory.mktemp("fuzz") / "data.npz"
    rng = np.random.default_rng(0)
    np.savez(path, x=rng.normal(size=(40, 5)).astype(np.float32), y=np.arange(40) % 3)
    values = {
        "latent_dim": 2,
        "data": {"type": "arrays", "path": str(path)},
        "encoder": {"type": "mlp", "hidden": [4]},
        "decoder": {"type": "mlp", "hidden": [4]},
        "prior": {"type": "gaussian-mixture", "num_components": 3},
        "training": {"steps": 4, "batch_size": 16, "validate_every": 2},
        "metrics": ["reconstruction"],
    }
    return RunConfig.from_mapping(values).model_dump(mode="json")


@pytest.fixture(scope="session")
def trained(small: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small finished run."""
    out = tmp_path_factory.mktemp("fuzz") / "run"
    run(RunConfig.from_mapping(small), out=out, report=False)
    return out


@pytest.fixture(scope="session")
def whole() -> Callable[[Path], None]:
    """Check that a folder holds nothing, or all that a run begins with."""

    def check(path: Path) -> None:
        if not path.exists():
            return
        folder = RunFolder.open(path)
        RunConfig.from_file(folder.config)
        assert folder.read_environment()["data"]["checksum"]
        assert set(folder.read_split()) == {"train", "validation", "test"}
        assert not [p for p in path.rglob("*") if p.name.startswith(".") and p.name != ".lock"]

    return check

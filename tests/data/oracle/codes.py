"""The four codes: run by tests and benchmarks with `runpy`, as none of them is a package."""

from pathlib import Path

import numpy as np

CASES = {
    "aligned": "one code for each factor",
    "dup": "one factor twice, one missing",
    "rotated": "all factors mixed by a rotation",
    "noise": "no factor at all",
}


def case(name: str) -> tuple[np.ndarray, ...]:
    """Codes and factors of training points, codes and factors of test points."""
    with np.load(Path(__file__).with_name(f"oracle_inputs_{name}.npz")) as stored:
        return tuple(stored[key].T for key in ("mus_train", "ys_train", "mus_test", "ys_test"))

"""The other process that components are used in: one for all checks, started when first asked."""

from __future__ import annotations

import atexit
import functools
import inspect
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from safetensors.torch import load_file, save_file
from torch import Tensor

from gwae_core.testing.check import NotApplicable
from gwae_core.testing.subject import Subject


class Process:
    """A fresh interpreter that builds components from configuration and state, and uses them."""

    def __init__(self) -> None:
        paths = os.pathsep.join(path or os.getcwd() for path in sys.path)
        environment = {**os.environ, "PYTHONPATH": paths}
        # What a component takes from hash() of a string shall differ there, as it does in life.
        environment.pop("PYTHONHASHSEED", None)
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "gwae_core.testing.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env=environment,
        )

    def ask(self, request: Mapping[str, object]) -> str:
        """Send a request; return what went wrong, or nothing."""
        assert self.process.stdin is not None and self.process.stdout is not None
        try:
            print(json.dumps(request), file=self.process.stdin, flush=True)
            answer = self.process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            process.cache_clear()
            return f"the process ended with code {self.process.wait()}"
        return str(json.loads(answer))

    def close(self) -> None:
        """Let the process end, and wait for it."""
        self.process.communicate()


@functools.cache
def process() -> Process:
    """The process in use."""
    started = Process()
    atexit.register(started.close)
    return started


def results_elsewhere(subject: Subject, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Results of the component, built from its configuration and a state in the other process.

    Raises:
        NotApplicable: The other process cannot import the class.
        AssertionError: The component cannot be used there.
    """
    component = subject.component
    if "<locals>" in component.__qualname__ or component.__module__ == "__main__":
        raise NotApplicable(
            f"another process cannot import {component.__qualname__}; define it in a module"
        )
    with tempfile.TemporaryDirectory() as folder:
        tensors = {name: tensor.contiguous() for name, tensor in state.items()}
        save_file(tensors, Path(folder) / "state.safetensors")
        fault = process().ask(
            {
                "module": component.__module__,
                "file": inspect.getfile(component),
                "name": component.__qualname__,
                "config": subject.config.model_dump_json(),
                "data_shape": subject.data_shape,
                "latent_dim": subject.latent_dim,
                "folder": folder,
            }
        )
        assert not fault, (
            f"in another process: {fault}; the class must be importable, its Config must hold "
            "all that it needs, and its state dict the rest"
        )
        return load_file(Path(folder) / "results.safetensors")

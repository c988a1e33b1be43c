"""The other side of `gwae_core.testing.process`: reads requests, answers with what went wrong.

A request is a line of JSON; tensors travel in files, so nothing is ever unpickled.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import sys
from operator import attrgetter
from pathlib import Path
from types import ModuleType
from typing import Any

from safetensors.torch import load_file, save_file


def serve() -> None:
    """Answer every line of stdin until it ends; what components print goes to stderr."""
    with os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8") as answers:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        for line in sys.stdin:
            try:
                use(json.loads(line))
                fault = ""
            # A component may fail in any way at all; the next request must find the process alive.
            except (Exception, SystemExit) as error:
                fault = f"{type(error).__name__}: {error}"
            print(json.dumps(fault), file=answers, flush=True)


def use(request: dict[str, Any]) -> None:
    """Build and use the component of a request, and write its results beside its state."""
    from gwae_core.testing.suite import subject_of

    component: Any = attrgetter(request["name"])(imported(request["module"], request["file"]))
    config = component.Config.model_validate_json(request["config"])
    shape = tuple(request["data_shape"])
    subject = subject_of(config, data_shape=shape, latent_dim=request["latent_dim"])
    folder = Path(request["folder"])
    restored = subject.restore(load_file(folder / "state.safetensors"))
    results = subject.use(restored)
    save_file(
        {name: tensor.clone().contiguous() for name, tensor in results.items()},
        folder / "results.safetensors",
    )


def imported(name: str, file: str) -> ModuleType:
    """The module of a name, or of a file where the name means none or another (a test file)."""
    found = sys.modules.get(name)
    if found is None:
        try:
            found = importlib.import_module(name)
        except ImportError:
            found = None
    if found is not None and Path(found.__file__ or "").resolve() == Path(file).resolve():
        return found
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} is no Python module")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    serve()

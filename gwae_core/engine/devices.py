"""The device and the numeric precision of a run, by lightning-fabric."""

from __future__ import annotations

from dataclasses import replace

from lightning_fabric import Fabric
from lightning_fabric.plugins.precision import DoublePrecision

from gwae_core.context import Batch
from gwae_core.errors import ConfigError
from gwae_core.training_config import TrainingConfig


def build_fabric(training: TrainingConfig, *, gpu: int | None = None) -> Fabric:
    """The device and precision that the configuration asks for.

    Args:
        training: The configuration.
        gpu: Number of the GPU, where it decides on one; any if None.

    Raises:
        ConfigError: They do not exist here, or do not go together.
    """
    try:
        fabric = _fabric(training, 1)
        if gpu is not None and fabric.device.type == "cuda":
            fabric = _fabric(training, [gpu])
    # Each accelerator and precision of lightning-fabric refuses in its own way.
    except Exception as error:
        raise _unusable(training, str(error)) from error
    if training.precision == "16-mixed" and fabric.device.type == "cpu":
        raise _unusable(training, "float16 needs a GPU; a CPU has bf16-mixed")
    return fabric


def moved(batch: Batch, fabric: Fabric) -> Batch:
    """The batch on the device, its data as wide as weights of 64 bits."""
    there = batch.to(fabric.device)
    wide = isinstance(fabric.strategy.precision, DoublePrecision)
    return replace(there, x=there.x.double()) if wide else there


def _fabric(training: TrainingConfig, devices: int | list[int]) -> Fabric:
    # one strategy of lightning-fabric: what goes on between processes is the objective's concern
    return Fabric(accelerator=training.accelerator, devices=devices, precision=training.precision)


def _unusable(training: TrainingConfig, why: str) -> ConfigError:
    return ConfigError(
        f"training.accelerator {training.accelerator!r} with training.precision "
        f"{training.precision!r} cannot be used here: {why}",
        hint="accelerator cpu and precision 32-true work everywhere",
    )

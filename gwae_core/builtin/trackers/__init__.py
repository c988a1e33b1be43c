"""Built-in trackers."""

from __future__ import annotations

from gwae_core.builtin.trackers.mlflow import MLflow
from gwae_core.builtin.trackers.tensorboard import TensorBoard
from gwae_core.components import Component

COMPONENTS: tuple[type[Component], ...] = (TensorBoard, MLflow)

__all__ = ["COMPONENTS", "MLflow", "TensorBoard"]

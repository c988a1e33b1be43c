"""The engine: it trains an objective and yields records; it knows no names, files or YAML."""

from gwae_core.engine.batches import BatchSource, Iterated, TensorBatches
from gwae_core.engine.fitting import FitResult, fit, train
from gwae_core.engine.loop import Loop, Record
from gwae_core.engine.prefetch import Prefetched
from gwae_core.engine.random_state import seeded
from gwae_core.engine.training_state import TrainingState
from gwae_core.engine.update import NotFiniteError

__all__ = [
    "BatchSource",
    "FitResult",
    "Iterated",
    "Loop",
    "NotFiniteError",
    "Prefetched",
    "Record",
    "TensorBatches",
    "TrainingState",
    "fit",
    "seeded",
    "train",
]

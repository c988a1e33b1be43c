"""The engine: it trains an objective and yields records; it knows no names, files or YAML."""

from gwae_core.engine.batches import BatchSource, Iterated, TensorBatches
from gwae_core.engine.fitting import FitResult, fit
from gwae_core.engine.loop import NotFiniteError, Record, train

__all__ = [
    "BatchSource",
    "FitResult",
    "Iterated",
    "NotFiniteError",
    "Record",
    "TensorBatches",
    "fit",
    "train",
]

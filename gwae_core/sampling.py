"""`fit_sampler`: a distribution fitted on a run's training codes, to generate from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import ValidationError

from gwae_core.components import Section
from gwae_core.errors import RunFolderError
from gwae_core.interfaces import Sampler
from gwae_core.model import Model
from gwae_core.registered import Registered
from gwae_core.resuming import refuse_other_data
from gwae_core.run_data import OwnData, in_memory, load_data
from gwae_core.run_folder import RunFolder
from gwae_core.splits import restore
from gwae_core.validation import explain


class _Chosen(Section):
    sampler: Annotated[Sampler.Config, Registered(Sampler)]
    """The sampler."""


def fit_sampler(
    model: Model,
    sampler: str | Mapping[str, Any] | Sampler.Config,
    *,
    data: OwnData | None = None,
    seed: int | None = None,
) -> Sampler:
    """Fit a sampler on the codes of the training split of a loaded run.

    Nothing is stored: the same run and seed give the same sampler again. Pass it on, as in
    ``model.sample(64, sampler=fit_sampler(model, "flow"))``.

    Args:
        model: A model from a run folder.
        sampler: Name of a registered sampler, a mapping of its ``type`` and parameters, or its
            configuration.
        data: Data of your own that the run was trained with.
        seed: Seed of the fit; None takes the run's.

    Raises:
        ConfigError: There is no such sampler, or its parameters are not valid.
        DataError: The data are not those that the run was trained on.
        RunFolderError: The model was trained without a run folder.
    """
    values = {"sampler": sampler}
    try:
        config = _Chosen.model_validate(values).sampler
    except ValidationError as error:
        raise explain(error, _Chosen, values, "sample") from error
    built: Sampler = config.build()
    if model.folder is None:
        raise RunFolderError(
            "a sampler is fitted on the training split of a run, and the model has no run folder",
            hint="fit one on codes of your own: sampler.fit(model.encode(x), seed=0)",
        )
    folder = RunFolder.open(model.folder)
    arrays = load_data(model.config, data)
    refuse_other_data(arrays, folder.read_environment())
    train = in_memory(restore(arrays, folder.read_split()).train)
    built.fit(model.encode(train.array), seed=model.config.seed if seed is None else seed)
    return built

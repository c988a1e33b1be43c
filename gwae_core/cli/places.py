"""Where in a run's configuration a component of a kind goes, and an example that validates."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError
from pydantic_core import to_jsonable_python

from gwae_core.components import Component, ComponentConfig
from gwae_core.plugins import registry
from gwae_core.yaml import dump_yaml

PLACES: dict[str, tuple[str, ...]] = {
    "prior": ("prior",),
    "encoder": ("encoder",),
    "decoder": ("decoder",),
    "reconstruction": ("reconstruction",),
    "objective": ("objective",),
    "dataset": ("data",),
    "metric": ("metrics", "-"),
    "tracker": ("trackers", "-"),
    "estimator": ("objective", "estimator"),
    "divergence": ("objective", "divergence"),
    "features": ("metrics", "-", "features"),
    "sampler": ("metrics", "-", "sampler"),
}
"""Path of the field that holds a component of a kind; ``-`` is an item of a list. Kinds that are
not here are in no run: they are used from Python."""

HOLDERS = {
    "estimator": "gwae",
    "divergence": "gwae",
    "features": "generation",
    "sampler": "generation",
}
"""Component that holds one of a kind, where its field is not the run's own."""

CANDIDATES: tuple[Any, ...] = (
    *("FILL-ME-IN", "package.module:FillMeIn", 1, 0.5, True, [], {}),
    "digits",  # for a field that holds a data set
)
"""Values for a field that has no default."""


def example(component: type[Component]) -> str:
    """YAML of a run with the component and its defaults, without a final newline."""
    value: Any = {"type": registry().full_name(component), **_values(component)}
    return placed(component.kind, value)


def placed(kind: str, value: Any) -> str:
    """YAML of a run that holds a component of a kind, without a final newline."""
    path = PLACES.get(kind, ())
    for position, key in reversed(list(enumerate(path))):
        value = [value] if key == "-" else {key: value}
        if kind in HOLDERS and position == len(path) - 1:
            value = {"type": HOLDERS[kind], **value}
    return dump_yaml(value).rstrip("\n")


def _values(component: type[Component]) -> dict[str, Any]:
    """The defaults, and placeholders for what has none."""
    model: Any = component.Config
    fields = {name: field for name, field in model.model_fields.items() if name != "type"}
    chosen: dict[str, Any] = {}
    for name, field in fields.items():
        if field.is_required():
            accepted = (c for c in CANDIDATES if name not in _faults(model, {**chosen, name: c}))
            chosen[name] = next(accepted, CANDIDATES[0])
    if _faults(model, chosen):
        # Of some fields without a value one has to be given.
        optional = [name for name, field in fields.items() if field.default is None]
        trials = ({**chosen, name: CANDIDATES[0]} for name in optional)
        chosen = next((trial for trial in trials if not _faults(model, trial)), chosen)
    config = model.model_construct(**chosen)
    return {name: to_jsonable_python(getattr(config, name)) for name in fields}


def _faults(model: type[ComponentConfig], values: dict[str, Any]) -> set[str]:
    """Fields that are not valid; empty text for the configuration as a whole."""
    try:
        model.model_validate(values)
    except ValidationError as error:
        return {str(item["loc"][0]) if item["loc"] else "" for item in error.errors()}
    return set()

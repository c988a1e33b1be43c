from __future__ import annotations

from typing import Annotated

import pytest
from pydantic import ValidationError

from gwae_core.components import Section
from gwae_core.config import RunConfig
from gwae_core.errors import ConfigError
from gwae_core.interfaces import Metric, Prior
from gwae_core.registered import Registered
from gwae_core.validation import explain

MISTAKES = {
    "misspelt field": (
        {"latent_dimm": 3},
        "latent_dimm: unknown field 'latent_dimm'; did you mean 'latent_dim'?; allowed: ",
    ),
    "misspelt field of a section": (
        {"training": {"batchsize": 3}},
        "training.batchsize: unknown field 'batchsize'; did you mean 'batch_size'?; allowed: ",
    ),
    "misspelt field of a component": (
        {"prior": {"type": "gaussian-mixture", "num_component": 3}},
        "prior.num_component: unknown field 'num_component'; did you mean 'num_components'?",
    ),
    "misspelt field of a component without type": (
        {"prior": {"num_component": 3}},
        "prior.num_component: unknown field 'num_component'; did you mean 'num_components'?",
    ),
    "misspelt field of a component in a component": (
        {"objective": {"estimator": {"type": "paired", "rhoo": 3}}},
        "objective.estimator.rhoo: unknown field 'rhoo'; allowed: type",
    ),
    "misspelt field of a section in a component": (
        {"objective": {"weights": {"reconstructoin": 3}}},
        "objective.weights.reconstructoin: unknown field 'reconstructoin'; "
        "did you mean 'reconstruction'?",
    ),
    "misspelt field of an item": (
        {"metrics": ["geometry", {"type": "reconstruction", "typo": 1}]},
        "metrics.1.typo: unknown field 'typo'; did you mean 'type'?; allowed: type",
    ),
    "misspelt component": (
        {"prior": "gausian-mixture"},
        "prior: unknown prior 'gausian-mixture'; did you mean 'gaussian-mixture'?; registered: ",
    ),
    "misspelt component in a component": (
        {"objective": {"estimator": {"type": "piared"}}},
        "objective.estimator: unknown estimator 'piared'; did you mean 'paired'?",
    ),
    "misspelt item": (
        {"metrics": ["clustring"]},
        "metrics.0: unknown metric 'clustring'; did you mean 'clustering'?",
    ),
    "item without a type": (
        {"metrics": [{}]},
        "metrics.0: metric needs a `type`, a name; got None; registered: ",
    ),
    "component that is neither name nor mapping": (
        {"prior": 3},
        "prior: a prior is a name or a mapping with `type`; got int",
    ),
    "component of nothing": (
        {"prior": None},
        "prior: a prior is a name or a mapping with `type`; got NoneType",
    ),
    "type that is no name": (
        {"prior": {"type": ["normal"]}},
        "prior: prior needs a `type`, a name; got ['normal']; registered: ",
    ),
    "wrong type": ({"seed": "three"}, "seed: input should be a valid integer"),
    "fraction for a whole number": ({"latent_dim": 2.5}, "latent_dim: input should be a valid int"),
    "latent_dim 0": ({"latent_dim": 0}, "latent_dim: input should be greater than 0; got 0"),
    "negative size": (
        {"encoder": {"hidden": [-5]}},
        "encoder.hidden.0: input should be greater than 0; got -5",
    ),
    "negative batch": (
        {"training": {"batch_size": -1}},
        "training.batch_size: input should be greater than 0; got -1",
    ),
    "not finite": ({"training": {"learning_rate": float("nan")}}, "learning_rate: input should be"),
    "one of a few": (
        {"training": {"optimizer": "adma"}},
        "training.optimizer: input should be 'adam', 'adamw', 'rmsprop' or 'sgd'; got 'adma'",
    ),
    "section that is no mapping": (
        {"training": 5},
        "training: expected a mapping of fields; got 5",
    ),
    "list that is none": ({"metrics": "clustering"}, "metrics: expected a list; got 'clustering'"),
    "fields that disagree": (
        {"split": {"validation": 0.5, "test": 0.5}},
        "split: validation (0.5) and test (0.5) leave nothing to train on",
    ),
    "data against data with a given coupling": (
        {"objective": {"compare": "data", "estimator": "paired"}},
        "objective: ",
    ),
    "another version of the format": (
        {"schema_version": 2},
        "schema_version: the format 2 is newer than the latest, 1, that gwae-core",
    ),
    "field name that is a number": ({"prior": {"type": "normal", 5: 1}}, "prior."),
}


@pytest.mark.parametrize("values, expected", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_explained_with_file_path_value_and_what_is_allowed(values, expected):
    with pytest.raises(ConfigError) as caught:
        RunConfig.from_mapping(values, source="run.yaml")
    (line,) = caught.value.message.splitlines()
    assert line.startswith("run.yaml: ")
    assert expected in line
    assert "pydantic" not in str(caught.value)


def test_every_mistake_is_reported_at_once():
    values = {"latent_dim": 0, "prior": "nrmal", "objective": {"weights": {"gw": -1}}}
    with pytest.raises(ConfigError) as caught:
        RunConfig.from_mapping(values, source="run.yaml")
    paths = [line.split(": ")[1] for line in caught.value.message.splitlines()]
    assert paths == ["latent_dim", "prior", "objective.weights.gw"]


def test_the_hint_of_an_unknown_component_is_kept_apart_and_told_once():
    values = {"metrics": ["nearest-thing", "other-thing"]}
    with pytest.raises(ConfigError) as caught:
        RunConfig.from_mapping(values)
    assert caught.value.hint == "`gwae plugins` lists every metric that is installed"
    assert "hint" not in caught.value.message


def test_a_long_value_is_shortened():
    with pytest.raises(ConfigError) as caught:
        RunConfig.from_mapping({"seed": "x" * 1000})
    assert len(caught.value.message) < 250


class Nested(Section):
    prior: Annotated[Prior.Config, Registered(Prior)] | None = None
    rows: tuple[tuple[Annotated[Metric.Config, Registered(Metric)], ...], ...] = ()


@pytest.mark.parametrize(
    ("values", "path"),
    [
        ({"prior": {"type": "gaussian-mixture", "num_component": 1}}, "prior.num_component"),
        (
            {"rows": [["geometry"], ["geometry", {"type": "reconstruction", "typ": 1}]]},
            "rows.1.1.typ",
        ),
    ],
)
def test_optional_components_and_lists_of_lists(values, path):
    with pytest.raises(ValidationError) as caught:
        Nested.model_validate(values)
    message = explain(caught.value, Nested, values, "there").message
    assert message.startswith(f"there: {path}: unknown field")
    assert "did you mean" in message
    assert "allowed: type" in message

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from gwae_core.config import RunConfig
from gwae_core.plugins import registry
from gwae_core.schema import run_schema
from gwae_core.yaml import parse_yaml

EXAMPLES = sorted((Path(__file__).parents[1] / "docs/examples").glob("*.yaml"))


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    schema = run_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_the_schema_is_plain_json_and_every_reference_is_defined():
    schema = run_schema()
    assert json.loads(json.dumps(schema)) == schema
    defined = {f"#/$defs/{name}" for name in schema["$defs"]}

    def references(node):
        if isinstance(node, dict):
            yield from ([node["$ref"]] if "$ref" in node else [])
            node = list(node.values())
        if isinstance(node, list):
            for item in node:
                yield from references(item)

    assert set(references(schema)) <= defined
    assert "x-gwae-kind" not in json.dumps(schema)


def test_one_definition_for_each_component():
    names = run_schema()["$defs"]
    for entry in registry():
        definition = names[f"{entry.component.kind}.{entry.component.name()}"]
        assert definition["description"] == entry.component.summary()
        assert set(definition["properties"]) == set(entry.component.Config.model_fields)


def test_fields_are_described():
    schema = run_schema()
    assert schema["properties"]["seed"]["description"].startswith("Seed of everything random")
    fields = schema["$defs"]["prior.gaussian-mixture"]["properties"]
    assert fields["num_components"]["description"]
    assert schema["properties"]["prior"]["description"] == "Prior pi(z)."


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_is_valid_as_written_and_as_resolved(validator, path):
    text = path.read_text()
    validator.validate(parse_yaml(text, source=path.name))
    resolved = RunConfig.from_yaml(text).to_yaml()
    validator.validate(parse_yaml(resolved, source=path.name))


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"prior": "normal"},
        {"prior": {"type": "normal"}},
        {"prior": {"num_components": 3}},
        {"objective": {"estimator": "paired", "weights": {"gw": 1}}},
        {"metrics": ["geometry", {"type": "reconstruction"}]},
        {"split": {"seed": None}},
    ],
)
def test_the_schema_takes_what_a_run_takes(validator, values):
    RunConfig.from_mapping(values)
    validator.validate(values)


@pytest.mark.parametrize(
    "values",
    [
        {"latent_dimm": 3},
        {"latent_dim": 0},
        {"prior": "nrmal"},
        {"prior": {"type": "normal", "num_components": 3}},
        {"prior": {"type": "gaussian-mixture", "num_component": 3}},
        {"prior": {"half_width": 2.0}},
        {"prior": 3},
        {"prior": None},
        {"objective": {"estimator": {"type": "paired", "misspelt": 1}}},
        {"objective": {"estimator": "piared"}},
        {"objective": {"weights": {"gww": 1}}},
        {"metrics": [{}]},
        {"metrics": ["geometri"]},
        {"training": {"batch": 3}},
    ],
)
def test_the_schema_refuses_what_a_run_refuses(validator, values):
    with pytest.raises(ValueError):
        RunConfig.model_validate(values)
    with pytest.raises(jsonschema.ValidationError):
        validator.validate(values)
